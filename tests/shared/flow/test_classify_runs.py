"""Every run that did something and came to its end leaves a line in `runs`."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.flow.classify import classify
from shared.flow.request import ClassifyRequest
from shared.progress import Silence
from shared.sources.source import ArchiveSource
from tests.shared.flow.requests import request_of
from tests.worlds import World, png

pytestmark = pytest.mark.slow
COUNTS = "n_containers, n_read, n_decoded, n_embedded, n_rows, n_published"
SECONDS = "seconds, reading_seconds, scoring_seconds, publishing_seconds"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.archive("b.zip", {"3.png": png(3)})
    return world


@pytest.fixture
def asked(world: World) -> ClassifyRequest:
    return request_of(world, ArchiveSource(world.zips, world.output))


def lines(world: World, columns: str = COUNTS) -> list[tuple[object, ...]]:
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        return database.execute(f"SELECT {columns} FROM runs ORDER BY id").fetchall()


def test_a_run_tells_what_it_did(world: World, asked: ClassifyRequest) -> None:
    classify(asked, Silence())
    assert lines(world) == [(2, 3, 3, 0, 6, 3)]
    [(command, directory)] = lines(world, "command, directory")
    assert command == "stage4/classify_zip.py"
    assert directory == str(world.zips)


def test_known_bytes_are_read_and_not_decoded(world: World, asked: ClassifyRequest) -> None:
    classify(asked, Silence())
    world.archive("c.zip", {"again.png": png(1)})
    classify(asked, Silence())
    assert lines(world)[1] == (1, 1, 0, 0, 2, 4)


def test_steps_take_no_more_than_the_run(world: World, asked: ClassifyRequest) -> None:
    classify(asked, Silence())
    [(whole, *steps)] = lines(world, SECONDS)
    assert all(isinstance(one, float) and one > 0 for one in steps)
    assert sum(steps) < whole  # type: ignore[arg-type, operator]


def test_one_that_found_nothing_to_do_is_not_noted(world: World, asked: ClassifyRequest) -> None:
    for _ in range(2):
        classify(asked, Silence())
    assert len(lines(world)) == 1


def test_problems_keep_no_run_from_being_noted(world: World, asked: ClassifyRequest) -> None:
    (world.zips / "a.zip").write_bytes(b"PK\3\4 cut short")
    assert classify(asked, Silence()).has_problems
    assert lines(world) == [(2, 1, 1, 0, 2, 1)]


def test_one_that_failed_is_not_noted(world: World, asked: ClassifyRequest) -> None:
    (world.zips / "a.zip").write_bytes(b"PK\3\4 cut short")
    with pytest.raises(RunError):
        classify(replace(asked, strict=True), Silence())
    assert lines(world) == []
