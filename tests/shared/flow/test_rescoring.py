"""What is scored anew for a review is decided as the last run wanted it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.flow.classify import classify
from shared.flow.preparing import load_asked
from shared.flow.request import ClassifyRequest
from shared.flow.rescoring import rescore
from shared.progress import Silence
from shared.sources.source import ArchiveSource
from tests.shared.flow.requests import request_of
from tests.worlds import World, png

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    return world


@pytest.fixture
def asked(world: World) -> ClassifyRequest:
    source = ArchiveSource(world.zips, world.output)
    return replace(request_of(world, source), results="none", threshold=0.0, max_novelty=0.99)


def limits(request: ClassifyRequest) -> list[tuple[object, ...]]:
    query = "SELECT tag, threshold, max_novelty FROM thresholds ORDER BY tag"
    with closing(sqlite3.connect(str(request.database))) as database:
        return database.execute(query).fetchall()


def test_thresholds_and_the_limit_of_novelty_stay_and_hold_for_a_new_tag(
    world: World, asked: ClassifyRequest
) -> None:
    classify(asked, Silence())
    world.train("cat", seed=2)
    world.train("dog", seed=3)
    inputs, _ = load_asked(asked, Silence())
    assert rescore(asked.database, asked.table, inputs, [], 1) == 4
    assert limits(asked) == [("cat", 0.0, 0.99), ("dog", 0.5, 0.99)]


def test_what_had_no_limit_has_none(world: World, asked: ClassifyRequest) -> None:
    asked = replace(asked, max_novelty=1.0)
    classify(asked, Silence())
    world.train("cat", seed=2)
    inputs, _ = load_asked(asked, Silence())
    rescore(asked.database, asked.table, inputs, [], 1)
    assert limits(asked) == [("cat", 0.0, 1.0)]
