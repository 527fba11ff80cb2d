"""What is too novel is told apart by what is known of pictures; of what is not known nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from shared.database.decisions import InForce, put_in_force
from shared.database.engine import Database
from shared.database.novelties import (
    forget_novelties,
    iter_too_novel_scores,
    judged_pictures,
    too_novel_counts,
    unjudged_page,
    write_novelties,
)
from shared.database.tables import NoveltyRow, ZipScoreCache
from tests.shared.database.world import (
    A,
    B,
    column,
    found,
    judged,
    picture,
    pictures,
    read,
    read_picture,
    score,
    survey,
)

CAT = InForce("cat", 1, b"version", 0.5, "number", 0.99)


@pytest.fixture
def three(of_each_kind: Database) -> Database:
    """Three pictures of one archive, scored 0.5 by one classifier; two are novel."""
    survey(of_each_kind, found())
    score(of_each_kind, read(of_each_kind, A, *pictures(A, 3)), "cat")
    judged(of_each_kind, _0=0.995, _1=1.0)
    return of_each_kind


def counts(database: Database, in_force: InForce = CAT, *answered: bytes) -> list[tuple[str, int]]:
    said = {(picture(one).hash_id, "cat"): True for one in answered}
    database.run(put_in_force, [in_force], said)
    return database.run(too_novel_counts, ZipScoreCache)


def test_what_would_be_decided_if_it_were_usual_is_counted(three: Database) -> None:
    assert counts(three) == [("cat", 2)]
    assert counts(three, replace(CAT, max_novelty=0.995)) == [("cat", 1)]
    assert counts(three, replace(CAT, threshold=0.6)) == []
    assert counts(three, replace(CAT, threshold=None)) == []
    assert counts(three, replace(CAT, max_novelty=1.0)) == []
    assert counts(three, CAT, b"0", b"1") == []


def test_only_the_archives_of_the_survey_count(three: Database) -> None:
    survey(three, found(B))
    assert counts(three) == []


def test_scores_of_what_is_too_novel_are_those_of_one_classifier(three: Database) -> None:
    def scores(limit: float, classifier: int = 1) -> list[float]:
        return three.run(lambda c: list(iter_too_novel_scores(c, ZipScoreCache, classifier, limit)))

    assert scores(0.99) == [0.5, 0.5]
    assert scores(0.995) == [0.5]
    assert scores(0.99, classifier=2) == []


def test_what_has_a_vector_and_no_novelty_comes_once_a_picture(of_each_kind: Database) -> None:
    survey(of_each_kind, found(A), found(B))
    for address in (A, B):
        vectors = {"0": np.ones(2, "<f4"), "1": np.ones(2, "<f4"), "2": None}
        readings = [
            read_picture(f"{address}!/{name}.png", name.encode(), entry=(at,), vector=vector)
            for at, (name, vector) in enumerate(vectors.items())
        ]
        read(of_each_kind, address, *readings)
    assert [one.picture_id for one in of_each_kind.run(unjudged_page, 0, 9)] == [1, 2]
    assert [one.picture_id for one in of_each_kind.run(unjudged_page, 1, 9)] == [2]
    judged(of_each_kind, _0=0.5)
    (one,) = of_each_kind.run(unjudged_page, 0, 9)
    assert (one.hash_id, one.width, one.height) == (picture(b"1").hash_id, 4, 4)
    survey(of_each_kind)
    assert of_each_kind.run(unjudged_page, 0, 9) == []


def test_what_was_known_gives_way_to_what_is(three: Database) -> None:
    three.run(write_novelties, {1: 0.25}, b"others")
    assert column(three, NoveltyRow, "novelty") == [0.25, 1.0]
    assert three.run(judged_pictures, [1, 2, 3], b"others") == {1}


def test_of_what_is_labelled_no_novelty_is_known(three: Database) -> None:
    three.run(forget_novelties, [2, 3])
    assert column(three, NoveltyRow, "picture_id") == [1]
