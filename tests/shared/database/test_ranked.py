"""Pages of ranked pictures go on after a key, so that none is lost or comes twice."""

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from shared.database.engine import Connection, Database
from shared.database.ranked import (
    Deciding,
    Key,
    TagRanking,
    bin_counts,
    count_ranked,
    given_scores,
    mean_scores,
    ranked_page,
    scores_of,
)
from shared.database.reviewing import EVERYWHERE, Within
from shared.database.tables import ZipScoreCache
from tests.shared.database.world import A, found, pictures, read, score, survey

SCORES = (0.3, 0.9, 0.3, 0.0, 1.0, 0.3)


def scored(database: Database, scores: Sequence[float] = SCORES) -> Deciding:
    """Members 1, 2, … of one archive, with these scores by what decides cat, and another's 0.5."""
    survey(database, found(A))
    container_id = read(database, A, *pictures(A, len(scores)))
    first, second = score(database, container_id, "cat", "dog")

    def give(connection: Connection) -> None:
        of = ZipScoreCache.classifier_id
        for at, value in enumerate(scores, 1):
            mine = ZipScoreCache.member_id == at
            connection.execute(
                update(ZipScoreCache).where(mine, of == first).values(tag_score=value)
            )
        other = update(ZipScoreCache).where(of == second)
        connection.execute(other.values(tag_score=0.5, tag="cat"))

    database.run(give)
    return Deciding(first, "cat", 0.5)


def all_pages(
    database: Database, ranking: TagRanking, limit: int, *, descending: bool
) -> list[int]:
    members: list[int] = []
    after: Key | None = None
    while page := database.run(ranked_page, ranking, after, limit, descending=descending):
        members += [one.member_id for one in page]
        after = (page[-1].score, page[-1].member_id)
    return members


@pytest.mark.parametrize("limit", [1, 2, 5, 99])
@pytest.mark.parametrize(
    ("descending", "expected"), [(True, [5, 2, 6, 3, 1, 4]), (False, [4, 1, 3, 6, 2, 5])]
)
def test_each_picture_comes_once_whatever_a_page_holds(
    database: Database, limit: int, descending: bool, expected: list[int]
) -> None:
    ranking = TagRanking(ZipScoreCache, "cat", scored(database), EVERYWHERE)
    assert all_pages(database, ranking, limit, descending=descending) == expected


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (Within(low=0.3), 5),
        (Within(high=0.3), 4),
        (Within(low=0.3, high=0.9), 4),
        (Within(text="3.PNG"), 1),
        (Within(text="%"), 0),
        (Within(text="_"), 0),
        (Within(container_id=1), 6),
        (Within(container_id=2), 0),
        (Within(container_id=1, parent=A), 6),
        (Within(container_id=1, parent=f"{A}!/b.zip"), 0),
    ],
)
def test_what_is_looked_at_is_counted(database: Database, within: Within, expected: int) -> None:
    ranking = TagRanking(ZipScoreCache, "cat", scored(database), within)
    assert database.run(count_ranked, ranking) == expected
    assert len(all_pages(database, ranking, 2, descending=True)) == expected


def test_bins_have_their_lower_edge_and_the_last_has_no_upper_one(database: Database) -> None:
    ranking = TagRanking(ZipScoreCache, "cat", scored(database), EVERYWHERE)
    assert database.run(bin_counts, ranking, [0, 0.3, 0.9]) == [1, 3, 2]


def test_scores_of_members_are_those_of_what_decides_and_means_those_of_all(
    database: Database,
) -> None:
    deciding = scored(database)
    assert database.run(scores_of, ZipScoreCache, deciding, [2, 4, 77]) == {2: 0.9, 4: 0.0}
    means = database.run(mean_scores, ZipScoreCache, "cat", [2, 4])
    assert means == {2: pytest.approx(0.7), 4: pytest.approx(0.25)}
    assert [one.score for one in database.run(given_scores, ZipScoreCache, 2)] == [0.9, 0.5]
