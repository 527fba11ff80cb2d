"""The files of a results folder are counted as they would be placed."""

import math

from shared.database.contents import (
    Unread,
    count_cleared,
    count_cleared_pictures,
    iter_cleared,
    iter_contents,
    unread_totals,
)
from shared.database.engine import Database
from shared.database.surveys import mark_standing, write_survey
from shared.database.tables import ZipScoreCache
from shared.hashing import content_digest
from shared.records import ANY_NOVELTY, Container
from tests.shared.database.world import (
    UNDER,
    A,
    B,
    found,
    judged,
    read,
    read_picture,
    score,
    skipped,
    survey,
)

ONE = (content_digest(b"same"), 4, 2)
OTHER = (content_digest(b"other"), 5, 1)


def filled(database: Database) -> tuple[int, int]:
    """Two archives: one picture is in both, and another one in the second; ids of classifiers."""
    survey(database, found(A), found(B))
    first = read(database, A, read_picture(f"{A}!/1.png", b"same"), skipped(f"{A}!/2", entry=(1,)))
    second = read(
        database,
        B,
        read_picture(f"{B}!/1.png", b"same"),
        read_picture(f"{B}!/2.png", b"other", entry=(1,)),
    )
    [low] = score(database, first, "low", value=0.2)
    [high] = score(database, second, "high", value=0.8)
    database.run(mark_standing, UNDER, rescan=False)
    return low, high


def test_each_file_comes_once_with_the_number_of_its_pictures(of_each_kind: Database) -> None:
    filled(of_each_kind)
    assert set(of_each_kind.run(lambda c: list(iter_contents(c)))) == {ONE, OTHER}


def test_what_stands_no_more_does_not_count(of_each_kind: Database) -> None:
    filled(of_each_kind)
    survey(of_each_kind, found(A, b"changed"), found(B))
    of_each_kind.run(mark_standing, UNDER, rescan=False)
    assert (ONE[0], 4, 1) in of_each_kind.run(lambda c: list(iter_contents(c)))


def test_only_what_has_the_score_is_cleared(of_each_kind: Database) -> None:
    low, high = filled(of_each_kind)

    def cleared(least: dict[int, float]) -> tuple[dict[int, int], int, int]:
        hurdles = {one: (score, ANY_NOVELTY) for one, score in least.items()}
        return (
            of_each_kind.run(count_cleared, ZipScoreCache, hurdles),
            of_each_kind.run(count_cleared_pictures, ZipScoreCache, hurdles),
            len(of_each_kind.run(lambda c: list(iter_cleared(c, ZipScoreCache, hurdles)))),
        )

    assert cleared({low: 0.5, high: 0.5}) == ({high: 2}, 2, 2)
    assert cleared({low: 0.2, high: 0.9}) == ({low: 1}, 1, 1)
    assert cleared({low: math.inf, high: math.inf}) == ({}, 0, 0)


def test_what_is_too_novel_is_not_cleared(of_each_kind: Database) -> None:
    low, high = filled(of_each_kind)
    judged(of_each_kind, other=0.995)
    for limit, n_cleared in ((0.995, 2), (0.99, 1)):
        hurdles = {low: (0.9, limit), high: (0.5, limit)}
        assert of_each_kind.run(count_cleared, ZipScoreCache, hurdles) == {high: n_cleared}
        assert of_each_kind.run(count_cleared_pictures, ZipScoreCache, hurdles) == n_cleared
        cleared = of_each_kind.run(lambda c, h=hurdles: list(iter_cleared(c, ZipScoreCache, h)))  # type: ignore[misc]
        assert len(cleared) == n_cleared


def test_what_is_not_read_is_what_archives_declare(of_each_kind: Database) -> None:
    containers = [Container(one, one, b"one", n, "", 0, n * 1000) for one, n in ((A, 3), (B, 4))]
    of_each_kind.run(write_survey, containers)
    assert of_each_kind.run(unread_totals) == Unread(2, 7, 7000)
    read(of_each_kind, A, read_picture(f"{A}!/1.png"))
    of_each_kind.run(mark_standing, UNDER, rescan=False)
    assert of_each_kind.run(unread_totals) == Unread(1, 4, 4000)
