"""Older results folders go only where that is asked for, and never one that somebody sorted in."""

import os
from pathlib import Path

import pytest

from shared.results import older
from shared.results.folder import ORIGIN_FILE, STORE_FOLDER
from shared.results.older import Older, is_sorted_in, point_to_latest, tidy

ORIGIN = "zip_score_cache of /archives"


def made(output: Path, number: int, origin: str = ORIGIN) -> Path:
    """A results folder of the year of its number, in which one picture of 10 bytes lies twice."""
    folder = output / f"tagging_output_{number}_1_1_0_0"
    for name in ("0.9-1.0", "_yes", "_no"):
        (folder / "SVM" / "cat" / name).mkdir(parents=True)
    picture = folder / "SVM" / "cat" / "0.9-1.0" / "1.png"
    picture.write_bytes(bytes(10))
    os.link(picture, picture.with_name("2.png"))
    (folder / "output.json").touch()
    (folder / ORIGIN_FILE).write_text(origin)
    age = number * 10**9
    for path in (*folder.rglob("*"), folder):
        os.utime(path, ns=(age, age))
    return folder


def left(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir())


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [made(tmp_path, number) for number in (2021, 2022, 2023, 2024)]


def test_nothing_goes_unasked_and_what_it_takes_is_counted(
    tmp_path: Path, folders: list[Path]
) -> None:
    n_bytes = 3 * (10 + len(ORIGIN))
    assert tidy(folders[-1], ORIGIN, None) == Older(0, 3, 0, n_bytes, is_more=False)
    assert left(tmp_path) == [folder.name for folder in folders]


@pytest.mark.parametrize(("keep", "n_left"), [(1, 1), (2, 2), (4, 4), (9, 4)])
def test_the_newest_are_kept(tmp_path: Path, folders: list[Path], keep: int, n_left: int) -> None:
    found = tidy(folders[-1], ORIGIN, keep)
    assert found
    assert found.n_removed == 4 - n_left
    assert left(tmp_path) == [folder.name for folder in folders[-n_left:]]


def test_the_one_that_stands_is_kept_however_old_it_is(tmp_path: Path, folders: list[Path]) -> None:
    tidy(folders[0], ORIGIN, 1)
    assert left(tmp_path) == [folders[0].name]


def test_folders_of_another_source_and_what_looks_like_one_stay(tmp_path: Path) -> None:
    newest = made(tmp_path, 2024)
    made(tmp_path, 2023, "score_cache of /images")
    (tmp_path / "tagging_output_mine").mkdir()
    (tmp_path / "tagging_output_2022_1_1_0_0").symlink_to(newest)
    before = left(tmp_path)
    assert tidy(newest, ORIGIN, 1) is None
    assert left(tmp_path) == before


@pytest.mark.parametrize("answer", ["_yes", "_no"])
def test_one_in_which_somebody_has_sorted_stays(
    tmp_path: Path, folders: list[Path], answer: str
) -> None:
    tag = folders[0] / "SVM" / "cat"
    (tag / "0.9-1.0" / "1.png").rename(tag / answer / "1.png")
    assert is_sorted_in(folders[0])
    found = tidy(folders[-1], ORIGIN, 1)
    assert found
    assert (found.n_removed, found.n_left, found.n_sorted) == (2, 1, 1)
    assert left(tmp_path) == [folders[0].name, folders[-1].name]


def test_one_from_which_an_answer_was_taken_back_stays(folders: list[Path]) -> None:
    tag = folders[0] / "SVM" / "cat"
    (tag / "_yes" / "3.png").touch()
    os.utime(tag / "_yes", ns=(2021 * 10**9, 2021 * 10**9))
    assert not is_sorted_in(folders[0])
    (tag / "_yes" / "3.png").rename(tag / "0.9-1.0" / "3.png")
    assert is_sorted_in(folders[0])


@pytest.mark.parametrize(
    "place", ["notes.txt", "mine/1.png", "SVM/mine/1.png", "SVM/cat/maybe/1.png"]
)
def test_one_into_which_somebody_has_put_something_stays(folders: list[Path], place: str) -> None:
    path = folders[0] / place
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert is_sorted_in(folders[0])


def test_lists_and_pages_that_follow_thresholds_are_nobodys(folders: list[Path]) -> None:
    for name in ("archives.csv", "index.html", "pages_2/tag1-1.html"):
        (folders[0] / name).parent.mkdir(exist_ok=True)
        (folders[0] / name).touch()
    assert not is_sorted_in(folders[0])


def test_of_a_great_many_files_only_some_are_counted(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(older, "MAX_COUNTED", 2)
    found = tidy(folders[-1], ORIGIN, None)
    assert found
    assert found.is_more


def test_latest_leads_to_the_newest(tmp_path: Path, folders: list[Path]) -> None:
    for folder in (folders[0], folders[-1], folders[-1]):
        point_to_latest(folder)
        assert (tmp_path / "latest").resolve() == folder
        assert str((tmp_path / "latest").readlink()) == folder.name


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_somebody_calls_latest_stays(
    tmp_path: Path, folders: list[Path], *, is_folder: bool
) -> None:
    theirs = tmp_path / "latest"
    if is_folder:
        theirs.mkdir()
    else:
        theirs.touch()
    point_to_latest(folders[0])
    assert not theirs.is_symlink()


def test_what_the_newest_shows_too_takes_no_room_of_its_own(tmp_path: Path) -> None:
    old, new = made(tmp_path, 2021), made(tmp_path, 2022)
    (new / STORE_FOLDER).mkdir()
    os.link(old / "SVM" / "cat" / "0.9-1.0" / "1.png", new / STORE_FOLDER / "1")
    assert tidy(new, ORIGIN, None) == Older(0, 1, 0, len(ORIGIN), is_more=False)
