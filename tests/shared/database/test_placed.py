"""Placed pictures come by their scores, with the names that they have in the folder."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import update

from shared.database.decisions import InForce, decide, put_in_force
from shared.database.engine import Connection, Database
from shared.database.placed import (
    PlacedNovelty,
    ScoreOrder,
    count_novel,
    forget_placed,
    iter_placed,
    iter_placed_tags,
    most_novel,
    note_placed,
    placed_tags,
)
from shared.database.tables import ZipScoreCache
from tests.shared.database.world import A, column, found, judged, pictures, read, score, survey

SCORES = (0.3, 0.9, 0.3, 0.0, 1.0)


def scored(database: Database, scores: Sequence[float], *others: str) -> ScoreOrder:
    """Pictures ``0.png``, ``1.png``, … with these scores, placed as ``placed-0.png`` and so on."""
    survey(database, found(A))
    container_id = read(database, A, *pictures(A, len(scores)))
    classifier_id, *_ = score(database, container_id, "cat", *others)

    def give(connection: Connection) -> None:
        for at, value in enumerate(scores):
            mine = ZipScoreCache.file_path == f"{A}!/{at}.png"
            is_its = ZipScoreCache.classifier_id == classifier_id
            connection.execute(update(ZipScoreCache).where(mine, is_its).values(tag_score=value))
        note_placed(connection, [(f"{A}!/{at}.png", "0.5", f"placed-{at}.png") for at in range(99)])

    database.run(give)
    return ScoreOrder(ZipScoreCache, "cat", classifier_id)


def names(database: Database, order: ScoreOrder, limit: int = 99) -> list[str]:
    return database.run(lambda c: [one.image_file for one in order.iter_best(c, limit)])


def test_the_best_come_first_and_equal_ones_as_in_the_folder(database: Database) -> None:
    order = scored(database, SCORES)
    expected = [f"placed-{at}.png" for at in (4, 1, 0, 2, 3)]
    assert names(database, order) == expected
    assert names(database, order, 2) == expected[:2]


def test_decided_tags_come_with_their_pictures(database: Database) -> None:
    order = scored(database, (0.9, 0.1, 0.8))
    in_force = InForce("cat", order.classifier_id, b"version", 0.5, "number")
    database.run(put_in_force, [in_force], {})
    database.run(decide, ZipScoreCache)
    tags = database.run(lambda c: list(iter_placed_tags(c)))
    assert tags == [(f"{A}!/0.png", "cat"), (f"{A}!/2.png", "cat")]


def test_what_was_placed_is_told_in_its_order(database: Database) -> None:
    scored(database, (0.9, 0.1))
    placed = [(f"{A}!/1.png", "svm/cat/0.1", "b.png"), (f"{A}!/0.png", "svm/cat/0.9", "a.png")]
    database.run(note_placed, placed)
    judged(database, _0=0.5)
    assert database.run(lambda c: list(iter_placed(c))) == [
        PlacedNovelty(*placed[0], None),
        PlacedNovelty(*placed[1], 0.5),
    ]


def test_the_most_novel_come_first_and_are_counted(of_each_kind: Database) -> None:
    scored(of_each_kind, SCORES)
    judged(of_each_kind, _0=0.995, _1=0.99, _2=1.0, _3=0.995)
    found = of_each_kind.run(most_novel, 0.99, 2)
    assert [(one.image_file, one.novelty) for one in found] == [
        ("placed-2.png", 1.0),
        ("placed-0.png", 0.995),
    ]
    assert of_each_kind.run(count_novel, 0.99) == 3


def test_decided_tags_are_looked_up_by_address(database: Database) -> None:
    order = scored(database, (0.9, 0.1))
    in_force = InForce("cat", order.classifier_id, b"version", 0.5, "number")
    database.run(put_in_force, [in_force], {})
    database.run(decide, ZipScoreCache)
    addresses = [f"{A}!/{at}.png" for at in range(2)]
    assert database.run(placed_tags, addresses) == {addresses[0]: ("cat",)}


def test_beyond_a_hurdle_are_what_is_usual_and_what_a_person_said(of_each_kind: Database) -> None:
    order = scored(of_each_kind, (0.9, 0.9, 0.9, 0.1))
    judged(of_each_kind, _0=0.995, _1=0.995, _2=0.9)
    hashes = column(of_each_kind, ZipScoreCache, "hash_id")
    of_each_kind.run(put_in_force, [], {(str(hashes[1]), "cat"): False})
    over = replace(order, hurdle=(order.classifier_id, 0.5, 0.99))
    assert names(of_each_kind, over) == ["placed-1.png", "placed-2.png"]
    told = of_each_kind.run(lambda c: [one.novelty for one in order.iter_best(c, 99)])
    assert told == [0.995, 0.995, 0.9, None]


def test_another_classifiers_scores_do_not_count(database: Database) -> None:
    assert len(names(database, scored(database, SCORES, "another"))) == len(SCORES)


def test_what_does_not_lie_in_the_folder_is_not_shown(database: Database) -> None:
    order = scored(database, SCORES)
    database.run(note_placed, [(f"{A}!/1.png", "", "1.png"), ("/unknown.zip!/1.png", "", "2.png")])
    assert names(database, order) == ["1.png"]


@pytest.mark.parametrize(("above", "expected"), [(True, [0.3, 0.3, 0.9]), (False, [0.0])])
def test_around_a_threshold_the_nearest_come_first(
    database: Database, *, above: bool, expected: list[float]
) -> None:
    order = scored(database, SCORES)
    near = database.run(lambda c: [one.score for one in order.iter_next_to(c, 0.3, 3, above=above)])
    assert near == expected


def test_what_a_person_said_comes_along(database: Database) -> None:
    order = scored(database, (0.1, 0.2, 0.3))
    hashes = column(database, ZipScoreCache, "hash_id")
    database.run(put_in_force, [], {(str(hashes[0]), "cat"): True, (str(hashes[1]), "dog"): True})
    said = database.run(lambda c: [one.has_tag for one in order.iter_best(c, 99)])
    assert said == [None, None, True]


def test_names_are_gone_when_they_are_let_go_of(database: Database) -> None:
    scored(database, SCORES)
    database.run(forget_placed)
    database.run(note_placed, [])
    database.run(forget_placed)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, [0.9, 0.9, 0.3, 0.3, 0.0]),
        (0.3, None, [0.9, 0.9]),
        (None, 0.3, [0.3, 0.3, 0.0]),
        (0.0, 0.3, [0.3, 0.3]),
    ],
)
def test_between_two_scores_the_upper_one_counts(
    database: Database, low: float | None, high: float | None, expected: list[float]
) -> None:
    order = scored(database, (0.9, 0.3, 0.0, 0.3, 0.9))
    found = database.run(lambda c: [one.score for one in order.iter_within(c, low, high, 9)])
    assert found == expected
    assert database.run(lambda c: len(list(order.iter_within(c, low, high, 1)))) == 1
