"""What the page is told of pictures that are unlike anything labelled."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shared.review.desk import Desk, make_world, opened_desk

LIMIT = 0.99


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """All pictures would be decided; of the archive's first three the novelty is known."""
    world = make_world(tmp_path / "world", 8)
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        database.execute("UPDATE thresholds SET threshold = 0, max_novelty = ?", (LIMIT,))
        for name, novelty in (("1.png", 0.995), ("2.png", 0.99), ("3.png", 1.0)):
            database.execute(
                "INSERT INTO novelties SELECT picture_id, x'00', ? FROM members"
                " WHERE file_name = ? AND parent LIKE '%/a.zip'",
                (novelty, name),
            )
    with opened_desk(world) as opened:
        yield opened


def by_name(desk: Desk) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in desk.pictures("cat")}


def test_what_is_too_novel_is_not_told_as_decided(desk: Desk) -> None:
    found = by_name(desk)
    assert {name for name, one in found.items() if not one["is_decided"]} == {"1.png", "3.png"}
    for one in found.values():
        (score,) = desk.get(f"/api/pictures/{one['id']}")["scores"]
        assert score["is_decided"] == one["is_decided"]


def test_what_a_person_answered_is(desk: Desk) -> None:
    desk.answer("cat", **{by_name(desk)["1.png"]["id"]: "yes"})
    assert by_name(desk)["1.png"]["is_decided"]


def test_novelty_is_among_the_facts(desk: Desk) -> None:
    told = {}
    for name, one in by_name(desk).items():
        facts = desk.get(f"/api/pictures/{one['id']}")
        told[name] = (facts["novelty"], facts["is_unlike"])
    assert (told["1.png"], told["2.png"]) == ((0.995, True), (0.99, False))
    assert told["in-1.png"] == (None, False)
