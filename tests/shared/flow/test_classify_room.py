"""A run says what its results folder takes, and writes none that the disk cannot hold."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.flow import room
from shared.flow.classify import classify
from shared.flow.request import ClassifyRequest
from shared.records import DECIDED
from shared.results.folder import ResultsMode
from tests.shared.flow.scenes import CountingSource, Told
from tests.worlds import World, png, zipped

pytestmark = pytest.mark.slow
TEXT = os.urandom(3_000_000)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2), "again.png": png(1)})
    inner = zipped({f"{i}.png": png(i) for i in range(3, 9)})
    world.know(*(png(i) for i in range(3, 9)))
    world.archive("b.zip", {"text.txt": TEXT, "inner.zip": inner})
    return world


def said(request: ClassifyRequest) -> str:
    """What the run said of the room."""
    told = Told()
    classify(request, told)
    [line] = [one for one in told.said if one.startswith("the results folder will take")]
    return line.removeprefix("the results folder will take ")


def have_left(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda _: n_bytes)
    monkeypatch.setattr("shared.results.room.free_bytes", lambda _: n_bytes)


def test_of_what_is_not_read_it_says_what_archives_declare(asked: ClassifyRequest) -> None:
    assert said(asked) == "at most 5 files, 10 links, 3.0 MB"


@pytest.mark.parametrize("mode", ["link", "copy"])
def test_of_what_is_known_it_says_what_there_is(asked: ClassifyRequest, mode: ResultsMode) -> None:
    classify(replace(asked, results="none"), Told())
    words = said(replace(asked, results=mode))
    assert words == {"link": "8 files, 18 links, 0.0 MB", "copy": "18 files, 0.1 MB"}[mode]


def test_what_lies_in_the_folder_before_takes_no_room(world: World, asked: ClassifyRequest) -> None:
    classify(asked, Told())
    world.archive("c.zip", {"9.png": png(9)})
    assert said(asked).startswith("at most 9 files (8 of them there already), 20 links")


@pytest.mark.parametrize("least", [0.6, DECIDED])
def test_only_what_gets_into_a_bin_is_counted(
    world: World, asked: ClassifyRequest, least: float | str
) -> None:
    classify(replace(asked, results="none"), Told())
    words = said(replace(asked, results_min_score=least, threshold=0.6))
    links = list(world.results()[0].glob("*/*/[01].*/*"))
    n_files = len({path.stat().st_ino for path in links})
    assert re.match(rf"{n_files} files?, {len(links)} links?, ", words)


def test_where_the_disk_has_no_room_nothing_is_read_or_written(
    world: World, asked: ClassifyRequest, source: CountingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    classify(replace(asked, results="none"), Told())
    rows, names = world.rows(), sorted(path.name for path in world.output.iterdir())
    source.opened.clear()
    have_left(monkeypatch, 1000)
    with pytest.raises(RunError, match=r"8 files, 18 links, .* and the disk has"):
        classify(asked, Told())
    assert source.opened == []
    assert world.rows() == rows
    assert sorted(path.name for path in world.output.iterdir()) == names


def test_what_is_no_picture_keeps_nobody_from_a_results_folder(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what archives declare there is no room; by what is listed in them there is."""
    have_left(monkeypatch, 200_000)
    assert said(asked).startswith("at most 9 files, 18 links, 0.1 MB")


def test_what_is_not_read_is_refused_where_it_has_no_room(
    world: World, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_left(monkeypatch, 20_000)
    with pytest.raises(RunError, match="at most 9 files, 18 links"):
        classify(asked, Told())
    assert world.results() == []


def test_without_a_results_folder_nothing_needs_room(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_left(monkeypatch, 0)
    told = Told()
    classify(replace(asked, results="none"), told)
    assert told.said == []


def test_where_links_cannot_be_made_copies_are_counted(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "can_link", lambda _: False)
    classify(replace(asked, results="none"), Told())
    assert said(asked) == "18 files, 0.1 MB"


def test_thumbnails_of_new_pictures_are_counted_too(world: World, asked: ClassifyRequest) -> None:
    asked = replace(asked, thumbnails=True)
    assert said(asked) == "at most 5 files, 10 links, 3.0 MB, thumbnails at most 0.1 MB"
    world.train("bird", seed=3)
    assert said(asked) == "at most 8 files (8 of them there already), 27 links, 0.0 MB"


def test_where_the_disk_has_no_room_for_thumbnails_either_it_is_said_how_to_do_without(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results folder alone has room."""
    have_left(monkeypatch, 130_000)
    with pytest.raises(RunError, match=r"thumbnails at most 0\.1 MB.*no --thumbnails"):
        classify(replace(asked, thumbnails=True), Told())
    assert said(asked).startswith("at most 9 files")
