"""Texts beside pictures give them tags, in folders and in archives; whatever was read before."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database import tag_texts as statements
from shared.database.engine import Database
from shared.errors import RunError
from shared.flow import tag_texts
from shared.flow.dataset import DatasetRequest, build_dataset
from shared.progress import Silence
from shared.records import Limits
from shared.sources.source import Source, dataset_source
from tests.shared.flow.datasets import asked, write
from tests.shared.flow.scenes import CountingSource, Told
from tests.worlds import image_hash, png, zipped

pytestmark = pytest.mark.slow

ONE, TWO = image_hash(png(1)), image_hash(png(2))
PICTURES = {"cat/1.png": png(1), "dog/2.png": png(2)}


def table(*rows: dict[str, object]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def tags(request: DatasetRequest) -> dict[str, set[str]]:
    """Run stage 1: tags by hash."""
    build_dataset(request, Silence())
    found = json.loads((request.output / "input-image-hash-to-tag-list.json").read_text())
    return {one: set(listed) for one, listed in found.items()}


def problems(request: DatasetRequest) -> dict[str, tuple[str, str]]:
    """Fate and reason of what is no plain text, by name."""
    with (request.output / "input-problems.csv").open() as file:
        return {
            Path(row["address"]).name: (row["fate"], row["reason"])
            for row in csv.DictReader(file)
            if row["fate"] != "not_an_image"
        }


def dataset(folder: Path, files: dict[str, bytes], *, is_zip: bool = False) -> DatasetRequest:
    """The pictures of a cat and a dog, with other files beside them."""
    if not is_zip:
        return asked(write(folder / "in", PICTURES | files), folder / "output")
    (folder / "in.zip").write_bytes(zipped(PICTURES | files))
    return asked(folder / "in.zip", folder / "output")


@pytest.mark.parametrize("is_zip", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cat/1.txt", b"red, small", {"red", "small"}),
        ("cat/1.png.txt", b"red, small\nround", {"red, small", "round"}),
        ("cat/metadata.jsonl", table({"file_name": "1.png", "tags": ["red"]}), {"red"}),
        ("metadata.jsonl", table({"file_name": "cat/1.png", "tags": "a,b"}), {"a", "b"}),
        ("metadata.csv", b"file_name,tags\n./cat/1.png,red\n", {"red"}),
        ("metadata.csv", b"file_name,tags\ncat\\1.png,red\n", {"red"}),
        ("cat/2.txt", b"red", set()),
        ("1.txt", b"red", set()),
        ("dog/1.png.txt", b"red", set()),
        ("cat/1.TXT", b"red", set()),
        ("dog/metadata.csv", b"file_name,tags\n1.png,red\n../cat/1.png,red\n", set()),
        ("cat/1.png.d/x.txt", b"red", set()),
    ],
)
def test_a_text_tags_the_pictures_that_it_is_about(
    tmp_path: Path, name: str, content: bytes, expected: set[str], *, is_zip: bool
) -> None:
    found = tags(dataset(tmp_path, {name: content}, is_zip=is_zip))
    assert found == {ONE: {"cat"} | expected, TWO: {"dog"}}


@pytest.mark.parametrize("folder", ["cat!", "50%", "a.b", "%21", "caf\u00e9"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_table_finds_pictures_in_folders_of_any_name(
    tmp_path: Path, folder: str, *, is_zip: bool
) -> None:
    text = table({"file_name": f"{folder}/3.png", "tags": ["red"]})
    request = dataset(tmp_path, {f"{folder}/3.png": png(3), "metadata.jsonl": text}, is_zip=is_zip)
    assert "red" in tags(request)[image_hash(png(3))]


def test_all_of_them_count_together(tmp_path: Path) -> None:
    files = {
        "cat/1.txt": b"a",
        "cat/1.png.txt": b"b",
        "cat/metadata.csv": b"file_name,tags\n1.png,c\n",
        "metadata.jsonl": table({"file_name": "cat/1.png", "tags": ["d", "a"]}),
    }
    assert tags(dataset(tmp_path, files))[ONE] == {"cat", "a", "b", "c", "d"}


def test_a_text_serves_every_picture_of_its_name(tmp_path: Path) -> None:
    found = tags(dataset(tmp_path, {"cat/1.gif": png(3), "cat/1.txt": b"red"}))
    assert "red" in found[ONE] & found[image_hash(png(3))]


def test_a_folder_named_like_a_picture_is_none(tmp_path: Path) -> None:
    found = tags(dataset(tmp_path, {"cat/1.d/1.png": png(3), "cat/1.txt": b"red"}))
    assert "red" not in found[image_hash(png(3))]


def test_texts_in_a_nested_archive_count(tmp_path: Path) -> None:
    nested = zipped({"x/3.png": png(3), "x/3.txt": b"red"})
    found = tags(dataset(tmp_path, {"nested.zip": nested}, is_zip=True))
    assert found[image_hash(png(3))] == {"x", "red"}


def test_a_text_that_begins_like_a_picture_is_a_text(tmp_path: Path) -> None:
    request = dataset(tmp_path, {"cat/1.txt": b"BMX, bike"})
    assert tags(request)[ONE] == {"cat", "BMX", "bike"}
    assert problems(request) == {}


def test_tags_come_with_the_metadata(tmp_path: Path) -> None:
    tags(request := dataset(tmp_path, {"cat/1.txt": b"red"}))
    entry = json.loads((request.output / "input-metadata.json").read_text())[ONE]
    assert entry["image_tags"] == ["cat", "red"]


def test_an_untagged_dataset_has_no_tags_and_no_broken_texts(tmp_path: Path) -> None:
    request = dataset(tmp_path, {"cat/1.txt": b"red", "metadata.jsonl": b"broken"})
    tags(request)
    untagged = replace(request, tagged=False)
    assert (tags(untagged), problems(untagged)) == ({}, {})
    assert tags(request)[ONE] == {"cat", "red"}


class TestProblems:
    @pytest.mark.parametrize(
        ("name", "content", "fate", "words"),
        [
            ("cat/1.txt", b"\xff\xfec\0a\0t\0", "corrupt", "no text"),
            ("cat/1.txt", b"red, caf\xe9", "corrupt", "UTF-8"),
            ("cat/1.txt", b"x" * (2**20 + 1), "too_large", "allowed 1."),
            ("cat/1.txt", ",".join(map(str, range(501))).encode(), "too_large", "allowed 500"),
            ("metadata.jsonl", b"\n{\n[]\n", "corrupt", "line 2: no JSON object, and 1 more"),
            ("metadata.csv", b"name,tags\n", "corrupt", "line 1: no columns"),
        ],
    )
    @pytest.mark.parametrize("is_zip", [False, True])
    def test_what_cannot_be_used_is_listed_once_and_for_all(
        self, tmp_path: Path, name: str, content: bytes, fate: str, words: str, *, is_zip: bool
    ) -> None:
        request = dataset(tmp_path, {name: content}, is_zip=is_zip)
        for _ in range(2):
            assert build_dataset(request, Silence()).has_problems
            [(listed, (found, reason))] = problems(request).items()
            assert (listed, found) == (Path(name).name, fate)
            assert words in reason

    def test_what_is_sound_beside_it_counts(self, tmp_path: Path) -> None:
        good = table({"file_name": "cat/1.png", "tags": ["big"]})
        files = {"cat/1.txt": b"red, caf\xe9, ok", "metadata.jsonl": b"broken\n" + good}
        assert tags(dataset(tmp_path, files))[ONE] == {"cat", "red", "ok", "big"}

    def test_a_text_that_is_about_no_picture_is_none_whatever_it_holds(
        self, tmp_path: Path
    ) -> None:
        request = dataset(tmp_path, {"readme.txt": b"\0" * (2**20 + 1)})
        assert not build_dataset(request, Silence()).has_problems

    def test_of_two_texts_of_one_name_the_first_is_used(self, tmp_path: Path) -> None:
        members = [*PICTURES.items(), ("cat/1.txt", b"first"), ("cat/1.txt", b"second")]
        (tmp_path / "in.zip").write_bytes(zipped(members))
        request = asked(tmp_path / "in.zip", tmp_path / "output")
        assert tags(request)[ONE] == {"cat", "first"}
        assert problems(request)["1.txt#2"][0] == "corrupt"

    def test_two_texts_of_one_name_that_are_about_no_picture_are_none(self, tmp_path: Path) -> None:
        members = [*PICTURES.items(), ("cat/readme.txt", b"1"), ("cat/readme.txt", b"2")]
        (tmp_path / "in.zip").write_bytes(zipped(members))
        request = asked(tmp_path / "in.zip", tmp_path / "output")
        assert not build_dataset(request, Silence()).has_problems

    def test_a_text_whose_sum_is_wrong_is_listed(self, tmp_path: Path) -> None:
        request = dataset(tmp_path, {"cat/1.txt": b"red fox"}, is_zip=True)
        path = tmp_path / "in.zip"
        path.write_bytes(path.read_bytes().replace(b"red fox", b"red fix"))
        assert tags(request)[ONE] == {"cat"}
        assert problems(request)["1.txt"][0] == "crc"

    def test_strict_ends_the_run_at_the_first_and_again(self, tmp_path: Path) -> None:
        request = replace(dataset(tmp_path, {"metadata.jsonl": b"broken"}), strict=True)
        for _ in range(2):
            with pytest.raises(RunError, match=r"metadata\.jsonl.*no JSON"):
                build_dataset(request, Silence())

    def test_it_is_told_as_it_is_met(self, tmp_path: Path) -> None:
        told = Told()
        build_dataset(dataset(tmp_path, {"metadata.jsonl": b"broken"}), told)
        assert "no JSON object" in told.problems[0]

    def test_a_text_that_is_gone_when_it_is_to_be_read_is_listed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = dataset(tmp_path, {"cat/1.txt": b"red"})
        read = tag_texts.read_sidecars

        def late(database: Database, source: Source, limits: Limits, tell: tag_texts.Tell) -> None:
            shutil.rmtree(tmp_path / "in")
            read(database, source, limits, tell)

        monkeypatch.setattr("shared.flow.dataset.read_sidecars", late)
        assert tags(request)[ONE] == {"cat"}
        assert problems(request)["1.txt"][0] == "unreadable"

    def test_a_text_that_could_not_be_read_again_is_read_by_the_next_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = dataset(tmp_path, {"cat/1.txt": b"red"})
        read = tag_texts.read_sidecars

        def late(database: Database, source: Source, limits: Limits, tell: tag_texts.Tell) -> None:
            (tmp_path / "in").rename(tmp_path / "away")
            read(database, source, limits, tell)
            (tmp_path / "away").rename(tmp_path / "in")

        with monkeypatch.context() as patch:
            patch.setattr("shared.flow.dataset.read_sidecars", late)
            assert tags(request)[ONE] == {"cat"}
        assert tags(request)[ONE] == {"cat", "red"}


CHANGES: list[dict[str, bytes | None]] = [
    {"cat/1.txt": b"blue"},
    {"cat/1.txt": None},
    {"cat/metadata.csv": b"file_name,tags\n1.png,new\n"},
    {"metadata.jsonl": table({"file_name": "dog/2.png", "tags": ["other"]})},
    {"metadata.jsonl": None},
    {"metadata.jsonl": b"broken"},
    {"cat/3.png": png(3), "dog/3.png": png(4)},
    {"cat/1.png": None},
    {"cat/1.png": png(5)},
]


FILES = {
    "cat/1.txt": b"red",
    "metadata.jsonl": table(
        {"file_name": "cat/1.png", "tags": ["big"]}, {"file_name": "cat/3.png", "tags": "late"}
    ),
}


@pytest.mark.slow
class TestAgain:
    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize("is_zip", [False, True])
    def test_what_an_earlier_run_read_makes_no_difference(
        self, tmp_path: Path, change: dict[str, bytes | None], *, is_zip: bool
    ) -> None:
        tags(request := dataset(tmp_path, FILES, is_zip=is_zip))
        later = {k: v for k, v in (PICTURES | FILES | change).items() if v is not None}
        if is_zip:
            (tmp_path / "in.zip").write_bytes(zipped(later))
        else:
            shutil.rmtree(tmp_path / "in")
            write(tmp_path / "in", later)
        fresh = replace(request, output=tmp_path / "fresh")
        assert tags(request) == tags(fresh)
        assert problems(request) == problems(fresh)

    @pytest.mark.parametrize("is_zip", [False, True])
    def test_an_unchanged_dataset_is_not_opened(self, tmp_path: Path, *, is_zip: bool) -> None:
        files = FILES | {"readme.txt": b"", "cat/2.txt": b"", "dog/2.txt": b""}
        request = dataset(tmp_path, files, is_zip=is_zip)
        counting = CountingSource(request.source)
        request = replace(request, source=counting)
        before = tags(request)
        counting.opened.clear()
        assert tags(request) == before
        assert counting.opened == []

    def test_a_run_that_is_stopped_before_its_texts_is_taken_up_by_the_next(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = dataset(tmp_path, FILES)
        with monkeypatch.context() as patched:
            patched.setattr("shared.flow.dataset.read_sidecars", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                build_dataset(request, Silence())
        assert tags(request)[ONE] == {"cat", "red", "big"}

    def test_a_table_above_the_dataset_does_not_count(self, tmp_path: Path) -> None:
        whole = dataset(tmp_path, FILES)
        tags(whole)
        part = replace(whole, source=dataset_source(tmp_path / "in" / "cat", whole.output))
        assert tags(part)[ONE] == {"red"}

    def test_more_than_a_page_and_a_batch_of_them_come_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(statements, "PAGE", 2)
        monkeypatch.setattr(tag_texts, "MAX_BATCH_TEXTS", 2)
        files = {f"{i}/{n}.txt": b"a,b,c" for i in range(3) for n in range(3)}
        pictures = {f"{i}/{n}.png": png(10 * i + n) for i in range(3) for n in range(3)}
        request = dataset(tmp_path, files | pictures)
        found = tags(request)
        assert all(found[image_hash(content)] >= {"a", "b", "c"} for content in pictures.values())
