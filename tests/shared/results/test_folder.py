"""The results folder: complete or not there at all, with every picture's own bytes."""

import csv
import errno
import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import Fate, RunError
from shared.hashing import content_digest
from shared.results.folder import Placed, ResultsFolder, is_made_from

STARTED = datetime(2023, 1, 21, 0, 56)  # noqa: DTZ001 - folders are named in the user's own time
NAME = "tagging_output_2023_1_21_0_56"
TWO_BINS = ["svm/cat/0.1", "svm/dog/0.9"]


def results(output: Path, *, links: bool = True) -> ResultsFolder:
    return ResultsFolder(output, STARTED, links=links)


def place(
    folder: ResultsFolder, content: bytes, name: str, key: str, folders: Iterable[str]
) -> str:
    return folder.place(Placed(content, content_digest(content), name, key), folders)


def placed(output: Path, content: bytes, *, links: bool = True) -> list[Path]:
    """A results folder with one picture in two bins: its two entries."""
    with results(output, links=links) as folder:
        name = place(folder, content, "1.png", "a.zip!/1.png", TWO_BINS)
        final = finished(folder)
    return [final / bin_ / name for bin_ in TWO_BINS]


def finished(folder: ResultsFolder) -> Path:
    folder.seal("these archives")
    return folder.finish()


def is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class TestFinishing:
    def test_the_folder_is_named_after_the_minute_without_padding(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            assert finished(folder) == tmp_path / NAME

    def test_nothing_is_to_be_seen_before_the_end(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"pixels", "1.png", "key", TWO_BINS)
            assert not list(filter(is_visible, tmp_path.iterdir()))

    def test_a_finished_folder_is_all_that_is_left(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"pixels", "1.png", "key", TWO_BINS)
            finished(folder)
        assert [path.name for path in tmp_path.iterdir()] == [NAME]
        assert sorted(path.name for path in (tmp_path / NAME).iterdir()) == [
            ".answers",
            ".made_from",
            ".store",
            "output.json",
            "problems.csv",
            "svm",
        ]

    def test_an_unfinished_folder_leaves_nothing(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"pixels", "1.png", "key", TWO_BINS)
        assert not list(tmp_path.iterdir())

    def test_a_failure_leaves_nothing_and_goes_on_up(self, tmp_path: Path) -> None:
        def iter_failing() -> Iterator[str]:
            yield TWO_BINS[0]
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), results(tmp_path) as folder:
            place(folder, b"pixels", "1.png", "key", iter_failing())
        assert not list(tmp_path.iterdir())

    def test_later_folders_of_the_same_minute_are_numbered(self, tmp_path: Path) -> None:
        names = []
        for _ in range(3):
            with results(tmp_path) as folder:
                names.append(finished(folder).name)
        assert names == [NAME, f"{NAME}_2", f"{NAME}_3"]

    def test_a_sealed_folder_is_complete_but_for_its_name(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"pixels", "1.png", "key", TWO_BINS)
            assert folder.seal("") == NAME
            [unnamed] = tmp_path.iterdir()
            sealed = sorted(unnamed.rglob("*"))
            final = folder.finish()
        assert [path.relative_to(unnamed) for path in sealed] == [
            path.relative_to(final) for path in sorted(final.rglob("*"))
        ]

    def test_a_folder_is_made_from_what_it_was_sealed_with(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            final = finished(folder)
        assert is_made_from(final, "these archives")
        assert not is_made_from(final, "others")

    @pytest.mark.parametrize("name", [".made_from", "output.json"])
    def test_a_folder_that_lacks_a_file_is_made_from_nothing(
        self, tmp_path: Path, name: str
    ) -> None:
        with results(tmp_path) as folder:
            final = finished(folder)
        (final / name).unlink()
        assert not is_made_from(final, "these archives")

    @pytest.mark.parametrize(
        "plant",
        [
            os.mkfifo,
            lambda path: path.symlink_to("/dev/zero"),
            lambda path: path.symlink_to("output.json"),
            lambda path: path.write_bytes(bytes(2**17)),
        ],
        ids=["pipe", "endless", "link", "long"],
    )
    def test_what_was_planted_in_a_folder_made_it_from_nothing(
        self, tmp_path: Path, plant: Callable[[Path], None]
    ) -> None:
        with results(tmp_path) as folder:
            final = finished(folder)
        (final / ".made_from").unlink()
        plant(final / ".made_from")
        with deadline(5):
            assert not is_made_from(final, (final / "output.json").read_text())

    def test_a_link_in_the_place_of_the_folder_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / f".unfinished_{NAME}").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(RunError), results(tmp_path):
            pass
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_dangling_link_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / NAME).symlink_to(tmp_path / "nowhere")
        with results(tmp_path) as folder:
            assert finished(folder) == tmp_path / f"{NAME}_2"

    def test_an_earlier_folder_of_the_same_minute_stays_as_it_is(self, tmp_path: Path) -> None:
        first, _ = placed(tmp_path, b"first")
        placed(tmp_path, b"second")
        assert first.read_bytes() == b"first"


class TestPlacing:
    @pytest.mark.parametrize("links", [True, False])
    @settings(max_examples=10)
    @given(content=st.binary())
    @example(content=bytes(300_000))
    def test_entries_have_the_members_own_bytes(
        self, tmp_path: Path, content: bytes, *, links: bool
    ) -> None:
        assert [e.read_bytes() for e in placed(tmp_path, content, links=links)] == [content] * 2

    def test_entries_of_one_picture_are_links_to_one_copy(self, tmp_path: Path) -> None:
        first, second = placed(tmp_path, b"pixels")
        assert first.samefile(second)

    def test_entries_are_links_to_one_copy(self, tmp_path: Path) -> None:
        assert [entry.stat().st_nlink for entry in placed(tmp_path, b"pixels")] == [3, 3]

    def test_entries_are_copies_where_copies_are_asked_for(self, tmp_path: Path) -> None:
        entries = placed(tmp_path, b"pixels", links=False)
        assert [entry.stat().st_nlink for entry in entries] == [1, 1]

    @pytest.mark.parametrize(
        "number", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.ENOSYS]
    )
    def test_entries_are_copies_where_the_file_system_cannot_link(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        refuse_links(monkeypatch, number)
        entries = placed(tmp_path, b"pixels")
        assert [(e.read_bytes(), e.stat().st_nlink) for e in entries] == [(b"pixels", 1)] * 2

    def test_a_picture_that_comes_twice_is_stored_once(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            names = [place(folder, b"pixels", "1.png", key, ["svm"]) for key in ("a", "b")]
            final = finished(folder)
        assert (final / "svm" / names[0]).samefile(final / "svm" / names[1])

    def test_two_pictures_of_one_name_are_two_files(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            names = [place(folder, c, "1.png", str(c), ["svm"]) for c in (b"one", b"two")]
            final = finished(folder)
        assert [(final / "svm" / name).read_bytes() for name in names] == [b"one", b"two"]

    def test_a_name_that_is_taken_is_told_apart_by_the_members_key(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"one", "1.png", "a.zip!/1.png", ["svm"])
            name = place(folder, b"two", "1.png", "b.zip!/1.png", ["svm"])
        assert name == f"1~{hashlib.sha256(b'b.zip!/1.png').hexdigest()[:8]}.png"

    def test_a_picture_has_one_name_in_all_folders_of_a_run(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"one", "1.png", "a", ["svm/cat/0.1"])
            name = place(folder, b"two", "1.png", "b", ["svm/cat/0.9"])
        assert name != "1.png"

    def test_names_taken_on_purpose_do_not_stop_the_run(self, tmp_path: Path) -> None:
        digest = hashlib.sha256(b"zips/a.zip!/1.png").hexdigest()
        taken = ["1.png", *(f"1~{digest[:n]}.png" for n in (8, 16, 32, 64))]
        with results(tmp_path) as folder, deadline(2):
            for name in taken:
                place(folder, b"first", name, f"zips/a.zip!/0/{name}", ["svm"])
            assert place(folder, b"last", "1.png", "zips/a.zip!/1.png", ["svm"]) not in taken

    @pytest.mark.parametrize("links", [True, False])
    def test_one_name_is_given_once_however_entries_are_made(
        self, tmp_path: Path, *, links: bool
    ) -> None:
        with results(tmp_path, links=links) as folder:
            names = [place(folder, b"same", "1.png", str(i), ["svm"]) for i in range(5)]
            final = finished(folder)
        assert sorted(path.name for path in (final / "svm").iterdir()) == sorted(set(names))
        assert len(set(names)) == 5

    def test_one_name_is_given_once_where_the_file_system_cannot_link(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_links(monkeypatch, errno.EPERM)
        with results(tmp_path) as folder:
            names = [place(folder, c, "1.png", str(c), ["svm"]) for c in (b"one", b"two")]
            final = finished(folder)
        assert [(final / "svm" / name).read_bytes() for name in names] == [b"one", b"two"]

    def test_a_picture_without_an_entry_keeps_its_name_from_others(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            place(folder, b"one", "1.png", "a", [])
            assert place(folder, b"two", "1.png", "b", ["svm"]) != "1.png"

    def test_a_copy_that_has_all_the_links_it_can_have_gets_a_successor(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow_links(monkeypatch, most=4)
        with results(tmp_path) as folder:
            name = place(folder, b"pixels", "1.png", "a", [f"svm/{i}" for i in range(12)])
            final = finished(folder)
        entries = [final / "svm" / str(i) / name for i in range(12)]
        assert {entry.read_bytes() for entry in entries} == {b"pixels"}
        assert len({entry.stat().st_ino for entry in entries}) < 9

    def test_bytes_are_told_apart_by_the_digest_that_is_given(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            for name in ("1.png", "2.png"):
                folder.place(Placed(name.encode(), b"same digest", name, name), ["svm"])
            final = finished(folder)
        assert (final / "svm" / "1.png").samefile(final / "svm" / "2.png")

    def test_a_folder_is_there_that_no_picture_comes_into(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            folder.make_answers({"svm/cat": "cat"})
            final = finished(folder)
        assert sorted(path.name for path in (final / "svm" / "cat").iterdir()) == ["_no", "_yes"]

    @pytest.mark.parametrize("name", ["../../1.png", "/1.png", r"..\1.png", "\0.png", "CON", ".."])
    def test_no_name_leads_out_of_its_folder(self, tmp_path: Path, name: str) -> None:
        output = tmp_path / "output"
        with results(output) as folder:
            given = place(folder, b"pixels", name, "key", ["svm"])
            final = finished(folder)
        assert [path.name for path in (final / "svm").iterdir()] == [given]
        assert list(tmp_path.iterdir()) == [output]

    def test_a_name_of_300_bytes_is_placed_under_a_short_one(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            assert len(place(folder, b"pixels", "a" * 300, "key", ["svm"])) == 120


class TestFailures:
    def test_a_folder_that_cannot_be_made_ends_the_run(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder, pytest.raises(RunError, match="cannot be written"):
            folder.make_answers({"output.json": "cat"})

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
    def test_a_write_that_fails_ends_the_run_and_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        refuse_links(monkeypatch, number)
        with pytest.raises(RunError, match=os.strerror(number)):
            placed(tmp_path, b"pixels")
        assert not list(tmp_path.iterdir())

    def test_an_output_that_is_a_file_ends_the_run(self, tmp_path: Path) -> None:
        (tmp_path / "output").touch()
        with pytest.raises(RunError, match="another output folder"), results(tmp_path / "output"):
            pass

    def test_a_failure_names_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_links(monkeypatch, errno.ENOSPC)
        with pytest.raises(RunError) as caught:
            placed(tmp_path, b"pixels")
        assert caught.value.where.startswith(str(tmp_path))

    def test_a_failure_in_a_tree_is_told_by_a_whole_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: Path, *, ignore_errors: bool = False) -> None:
            if not ignore_errors:
                raise OSError(errno.EIO, "Input/output error", "1.png")

        with results(tmp_path) as folder:
            monkeypatch.setattr("shutil.rmtree", refuse)
            with pytest.raises(RunError) as caught:
                finished(folder)
        assert caught.value.where.startswith(str(tmp_path))


class TestFiles:
    def test_output_json_holds_the_images_in_their_order(self, tmp_path: Path) -> None:
        records: list[dict[str, object]] = [
            {"file_path": 'a.zip!/\u732b "1"\n.png', "scores": {"m": 0.25}},
            {"file_path": "a.zip!/2.png", "scores": {}},
        ]
        with results(tmp_path) as folder:
            for record in records:
                folder.note_image(record)
            final = finished(folder)
        assert json.loads((final / "output.json").read_text(encoding="utf-8")) == records

    def test_output_json_has_one_image_a_line(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            folder.note_image({"file_path": "a\n1.png"})
            folder.note_image({"file_path": "a\n2.png"})
            final = finished(folder)
        first, *lines, last = (final / "output.json").read_text().splitlines()
        records = [json.loads(line.removesuffix(",")) for line in lines]
        assert (first, last) == ("[", "]")
        assert records == [{"file_path": "a\n1.png"}, {"file_path": "a\n2.png"}]

    def test_output_json_of_no_image_is_an_empty_list(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            final = finished(folder)
        assert json.loads((final / "output.json").read_text()) == []

    def test_problems_csv_has_a_header_and_a_row_per_problem(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            folder.note_problems([('a "b", c.zip', Fate.NOT_A_ZIP, "a web page")])
            final = finished(folder)
        assert rows_of(final / "problems.csv") == [
            ["address", "fate", "reason"],
            ['a "b", c.zip', "not_a_zip", "a web page"],
        ]

    def test_problems_csv_has_the_header_alone_where_all_is_well(self, tmp_path: Path) -> None:
        with results(tmp_path) as folder:
            final = finished(folder)
        assert rows_of(final / "problems.csv") == [["address", "fate", "reason"]]


def allow_links(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let a file have so many links, as ext4 allows 65,000."""
    link = os.link

    def limited(source: str, target: str) -> None:
        if Path(source).stat().st_nlink >= most:
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK), source, None, target)
        link(source, target)

    monkeypatch.setattr(os, "link", limited)


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(source: str, target: str) -> NoReturn:
        raise OSError(number, os.strerror(number), source, None, target)

    monkeypatch.setattr(os, "link", refuse)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
