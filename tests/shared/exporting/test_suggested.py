"""Suggested pictures come out as they are, and what a person makes of them is read back."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from shared.errors import RunError
from shared.exporting.suggested import (
    LayoutRequest,
    LayoutSummary,
    check_layout,
    lay_out,
)
from shared.progress import Silence
from shared.results.answers import load_shown
from shared.training.answers import Answer, AnsweredFolder, LeftOut
from shared.training.suggesting import Suggestion
from tests.browser import opened
from tests.elements import Elements
from tests.worlds import image_hash, png, zipped

HOSTILE = "<script>alert(1)</script>'& #?%.png"
WIDE = (400, 300)


@pytest.fixture
def zips(tmp_path: Path) -> Path:
    folder = tmp_path / "zips"
    folder.mkdir()
    return folder


def archive(folder: Path, name: str, members: Mapping[str, bytes]) -> list[Suggestion]:
    """Write an archive; what would be suggested of it, at scores 0.5, 0.6 and so on."""
    (folder / name).write_bytes(zipped(members))
    pictures = [one for one in members if not one.endswith(".zip")]
    return [
        suggestion(f"{folder / name}!/{one}", members[one], 0.5 + at / 10)
        for at, one in enumerate(pictures)
    ]


def suggestion(address: str, content: bytes, score: float = 0.5) -> Suggestion:
    return Suggestion(image_hash(content), address, score)


class Told(Silence):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def request(folder: Path, to: str = "folder", tag: str = "cat", **more: bool) -> LayoutRequest:
    return LayoutRequest(tag, to, folder / "next", **more)  # type: ignore[arg-type]


def laid_out(
    asked: LayoutRequest, found: Iterable[Suggestion], told: Told | None = None
) -> LayoutSummary:
    check_layout(asked)
    return lay_out(asked, list(found), told or Told())


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def listed(folder: Path) -> list[list[str]]:
    with (folder / "suggested.csv").open(newline="") as file:
        return list(csv.reader(file))


def answers(folder: Path, *tags: str) -> list[Answer | LeftOut]:
    return list(AnsweredFolder(folder, tags, load_shown(folder).tags).iter_answers())


class TestFolder:
    def test_pictures_keep_their_bytes_and_are_sorted_by_score(
        self, tmp_path: Path, zips: Path
    ) -> None:
        found = archive(zips, "a.zip", {"b/1.png": png(1), "2.png": png(2)})
        assert laid_out(request(tmp_path), found) == LayoutSummary(2, 0, None)
        assert files(tmp_path / "next/cat") == {"0.500 1.png": png(1), "0.600 2.png": png(2)}
        assert [path.name for path in sorted((tmp_path / "next/cat").glob("_*"))] == ["_no", "_yes"]

    def test_they_come_out_of_archives_in_archives_and_out_of_folders(
        self, tmp_path: Path, zips: Path
    ) -> None:
        archive(zips, "a.zip", {"in.zip": zipped({"1.png": png(1)})})
        (zips / "2.png").write_bytes(png(2))
        found = [
            suggestion(f"{zips}/a.zip!/in.zip!/1.png", png(1)),
            suggestion(f"{zips}/2.png", png(2)),
        ]
        laid_out(request(tmp_path), found)
        assert set(files(tmp_path / "next/cat").values()) == {png(1), png(2)}

    def test_the_list_has_them_in_their_order(self, tmp_path: Path, zips: Path) -> None:
        later = archive(zips, "z.zip", {"1.png": png(1)})
        (zips / "2.png").write_bytes(png(2))
        second = suggestion(f"{zips}/2.png", png(2), 0.25)
        found = [*later, replace(second, novelty=0.99)]
        laid_out(request(tmp_path), found)
        assert listed(tmp_path / "next")[1:] == [
            ["cat/0.500 1.png", "0.500", found[0].hash_id, found[0].file_path, ""],
            ["cat/0.250 2.png", "0.250", found[1].hash_id, found[1].file_path, "0.990"],
        ]

    def test_two_of_one_name_and_score_are_two_files(self, tmp_path: Path, zips: Path) -> None:
        first = archive(zips, "a.zip", {"1.png": png(1)})
        second = archive(zips, "b.zip", {"1.png": png(2)})
        laid_out(request(tmp_path), [*first, *second])
        assert sorted(files(tmp_path / "next/cat").values()) == sorted([png(1), png(2)])

    def test_a_picture_whose_name_says_no_format_gets_its_ending(
        self, tmp_path: Path, zips: Path
    ) -> None:
        laid_out(request(tmp_path), archive(zips, "a.zip", {"1.html": png(1)}))
        assert list(files(tmp_path / "next/cat")) == ["0.500 1.html.png"]

    @pytest.mark.parametrize("tag", ["cat", "a/b", "_yes", "../up", "con", "x" * 150, "四"])
    def test_what_a_person_sorts_is_read_back_for_the_tag(
        self, tmp_path: Path, zips: Path, tag: str
    ) -> None:
        contents = {f"{at}.png": png(at) for at in range(3)}
        asked = request(tmp_path, tag=tag)
        laid_out(asked, archive(zips, "a.zip", contents))
        assert asked.to_sort.parent == tmp_path / "next"
        assert answers(tmp_path / "next", tag, "dog") == []
        for path, answer in zip(sorted(asked.to_sort.glob("*.png")), ("_yes", "_no"), strict=False):
            path.rename(asked.to_sort / answer / path.name)
        read = answers(tmp_path / "next", tag, "dog")
        said = {(one.hash_id, one.tag, one.has_tag) for one in read if isinstance(one, Answer)}
        assert len(read) == 2
        assert said == {(image_hash(png(0)), tag, True), (image_hash(png(1)), tag, False)}


class TestLost:
    def test_what_cannot_be_had_is_named_and_listed(self, tmp_path: Path, zips: Path) -> None:
        here = archive(zips, "a.zip", {"1.png": png(1)})
        lost = [
            suggestion(f"{zips}/a.zip!/gone.png", png(3)),
            suggestion(f"{zips}/gone.zip!/1.png", png(3)),
            suggestion(f"{zips}/gone.png", png(3)),
            suggestion(f"{zips}", png(3)),
            suggestion("1.png", png(3)),
            suggestion("a.zip!/1.png", png(3)),
            suggestion("", png(3)),
        ]
        told = Told()
        asked = request(tmp_path)
        summary = laid_out(asked, [here[0], *lost], told)
        assert summary == LayoutSummary(1, 7, tmp_path / "next" / "problems.csv")
        with (tmp_path / "next/problems.csv").open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        assert {row[0] for row in rows} == {one.file_path for one in lost}
        assert all(row[1] and row[2] for row in rows)
        assert len(told.said) == 7

    def test_another_picture_in_its_place_is_not_taken(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {"1.png": png(1), "2.png": png(2)})
        archive(zips, "a.zip", {"1.png": png(3), "2.png": png(2)})
        told = Told()
        assert laid_out(request(tmp_path), found, told).n_pictures == 1
        assert told.said == [f"{found[0].file_path}: another picture lies there now: left out"]

    def test_what_is_damaged_is_told_by_its_reason(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {"1.png": png(1)})
        path = zips / "a.zip"
        path.write_bytes(path.read_bytes().replace(b"IDAT", b"IDAX"))
        told = Told()
        assert laid_out(request(tmp_path), found, told).n_missed == 1
        assert "left out" in told.said[0]


class TestTarget:
    def test_one_that_is_there_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "next").mkdir()
        (tmp_path / "next" / "mine.txt").touch()
        for overwrite in (False, True):
            with pytest.raises(RunError):
                check_layout(request(tmp_path, overwrite=overwrite))
        assert (tmp_path / "next" / "mine.txt").exists()

    def test_its_own_is_replaced_where_that_is_asked_for(self, tmp_path: Path, zips: Path) -> None:
        laid_out(request(tmp_path), archive(zips, "a.zip", {"1.png": png(1)}))
        other = archive(zips, "b.zip", {"2.png": png(2)})
        with pytest.raises(RunError, match="is there already"):
            laid_out(request(tmp_path), other)
        laid_out(request(tmp_path, overwrite=True), other)
        assert set(files(tmp_path / "next/cat").values()) == {png(2)}

    @pytest.mark.parametrize("answer", ["_yes", "_no"])
    def test_one_in_which_pictures_were_sorted_is_never_replaced(
        self, tmp_path: Path, zips: Path, answer: str
    ) -> None:
        found = archive(zips, "a.zip", {"1.png": png(1)})
        laid_out(request(tmp_path), found)
        folder = tmp_path / "next" / "cat"
        (folder / "0.500 1.png").rename(folder / answer / "1.png")
        with pytest.raises(RunError, match="somebody has sorted"):
            check_layout(request(tmp_path, overwrite=True))

    def test_one_that_cannot_be_written_leaves_nothing(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {"1.png": png(1)})
        (tmp_path / "file").touch()
        with pytest.raises(RunError):
            lay_out(LayoutRequest("cat", "folder", tmp_path / "file" / "next"), found, Told())
        assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "zips"]


class TestPage:
    def test_it_shows_each_with_score_and_address(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {"b/1.png": png(1, WIDE), "2.png": png(2)})
        laid_out(request(tmp_path, "page"), found)
        page = (tmp_path / "next/index.html").read_text()
        assert [page.count(f"<strong>{score}</strong>") for score in ("0.500", "0.600")] == [2, 2]
        assert all(one.file_path in page for one in found)
        shown = Elements(page).all("img")
        assert {str(one["src"]) for one in shown} == {
            "pictures/0.500%201.png",
            "pictures/0.600%202.png",
        }
        assert [one.get("class") for one in shown] == [None, "whole", None, "whole"]
        assert set(files(tmp_path / "next/pictures").values()) == {png(1, WIDE), png(2)}

    def test_it_marks_what_is_unlike_anything_labelled(self, tmp_path: Path, zips: Path) -> None:
        usual, novel = archive(zips, "a.zip", {"1.png": png(1), "2.png": png(2)})
        found = [replace(usual, novelty=0.99), replace(novel, novelty=0.995)]
        laid_out(request(tmp_path, "page"), found)
        page = (tmp_path / "next/index.html").read_text()
        assert page.count("unlike anything labelled: ") == 2
        assert page.count("unlike anything labelled: 0.995") == 2

    def test_names_are_shown_as_text(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {HOSTILE: png(1)})
        laid_out(request(tmp_path, "page", HOSTILE), found)
        elements = Elements((tmp_path / "next/index.html").read_text())
        assert elements.all("script") == []
        [policy] = [one for one in elements.all("meta") if "http-equiv" in one]
        assert "default-src 'none'" in str(policy["content"])

    def test_where_none_could_be_read_it_says_so(self, tmp_path: Path) -> None:
        summary = laid_out(request(tmp_path, "page"), [suggestion("/gone.png", png(1))])
        assert summary.n_pictures == 0
        assert "None of them could be read" in (tmp_path / "next/index.html").read_text()

    @pytest.mark.browser
    def test_a_browser_shows_them_and_opens_one_large(self, tmp_path: Path, zips: Path) -> None:
        found = archive(zips, "a.zip", {HOSTILE: png(255, WIDE)})
        laid_out(request(tmp_path, "page", HOSTILE), found)
        page, shot = tmp_path / "next/index.html", tmp_path / "shot.png"
        sizes = []
        for anchor in ("", "#large-1"):
            done = opened(page, f"--screenshot={shot}", "--window-size=900,900", anchor=anchor)
            assert "CONSOLE" not in done.stderr
            with Image.open(shot) as image:
                there = Image.new("RGB", image.size, (255, 0, 7))
                away = ImageChops.difference(image.convert("RGB"), there).convert("L")
                sizes.append(sum(away.histogram()[:4]))
        assert 5_000 < sizes[0] < 30_000
        assert sizes[1] > 300_000
