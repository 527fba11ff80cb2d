"""What is decided follows from what is in force; what changes is told, what is new is no change."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from shared.database.containers import start_reading
from shared.database.decisions import (
    ArchiveTag,
    Change,
    InForce,
    TagChange,
    answers_in_force,
    decide,
    decided_counts,
    decisions_digest,
    has_undecided,
    iter_archive_tags,
    iter_changes,
    put_in_force,
    thresholds_in_force,
    with_others,
)
from shared.database.engine import Database
from shared.database.tables import DecidedRow, ZipScoreCache
from shared.errors import RunError
from tests.shared.database.world import (
    UNDER,
    A,
    B,
    column,
    found,
    judged,
    picture,
    pictures,
    read,
    score,
    standing,
    survey,
)

CAT = InForce("cat", 1, b"version", 0.5, "recommended")
NOBODY: dict[tuple[str, str], bool] = {}


def cat(threshold: float | None, classifier: int = 1) -> InForce:
    return InForce("cat", classifier, b"version", threshold, "number")


def limited(max_novelty: float) -> InForce:
    return replace(CAT, max_novelty=max_novelty)


@pytest.fixture
def three(of_each_kind: Database) -> Database:
    """Three pictures of one archive, scored 0.5 by one classifier."""
    return _three(of_each_kind)


def _three(database: Database) -> Database:
    survey(database, found())
    score(database, read(database, A, *pictures(A, 3)), "cat")
    return database


def decided(
    database: Database, threshold: InForce = CAT, answers: dict[tuple[str, str], bool] = NOBODY
) -> list[TagChange]:
    """Put a threshold in force and decide: what has changed."""
    database.run(put_in_force, [threshold], answers)
    return database.run(decide, ZipScoreCache)


def rescored(database: Database, **scores: float) -> None:
    """Give pictures other scores, by name without ``.png``."""
    for name, value in scores.items():
        change = text("UPDATE zip_score_cache SET tag_score = :value WHERE file_name = :name")
        values = {"value": value, "name": f"{name[1:]}.png"}
        database.run(lambda c, s=change, v=values: c.execute(s, v))  # type: ignore[misc]


def changes(database: Database) -> list[Change]:
    return database.run(lambda c: list(iter_changes(c, ZipScoreCache)))


class TestDeciding:
    def test_what_is_new_is_no_change(self, three: Database) -> None:
        assert decided(three) == []
        assert three.run(decided_counts) == [("cat", 3)]

    def test_another_threshold_says_who_gains_and_who_loses(self, three: Database) -> None:
        rescored(three, _0=0.2, _1=0.6)
        decided(three)
        assert decided(three, cat(0.55)) == [TagChange("cat", 0, 1)]
        assert changes(three) == [Change(f"{A}!/2.png", "cat", is_gained=False, score=0.5)]
        assert decided(three, cat(0.1)) == [TagChange("cat", 2, 0)]
        assert [one.file_path for one in changes(three)] == [f"{A}!/0.png", f"{A}!/2.png"]
        assert three.run(decided_counts) == [("cat", 3)]

    def test_another_score_says_so_too(self, three: Database) -> None:
        rescored(three, _0=0.2)
        decided(three)
        rescored(three, _0=0.7, _1=0.1)
        assert decided(three) == [TagChange("cat", 1, 1)]

    def test_another_classifier_says_so_too(self, three: Database) -> None:
        decided(three)
        score(three, 1, "better", value=0.1)
        assert decided(three, cat(0.5, classifier=2)) == [TagChange("cat", 0, 3)]

    def test_what_a_person_said_changes_it(self, three: Database) -> None:
        rescored(three, _0=0.2)
        decided(three)
        said = {(picture(b"0").hash_id, "cat"): True, (picture(b"1").hash_id, "cat"): False}
        assert decided(three, answers=said) == [TagChange("cat", 1, 1)]
        assert three.run(answers_in_force) == said

    def test_a_tag_that_nothing_decides_any_more_is_lost(self, three: Database) -> None:
        decided(three)
        assert decided(three, InForce("dog", 1, b"version", 0.5, "number")) == [
            TagChange("cat", 0, 3)
        ]
        assert {one.score for one in changes(three)} == {None}
        assert three.run(decided_counts) == []

    def test_where_no_score_reaches_it_nothing_is_decided(self, three: Database) -> None:
        decided(three)
        assert decided(three, cat(None)) == [TagChange("cat", 0, 3)]

    def test_another_limit_of_novelty_says_who_gains_and_who_loses(self, three: Database) -> None:
        judged(three, _0=0.995, _1=0.99)
        decided(three)
        assert decided(three, limited(0.99)) == [TagChange("cat", 0, 1)]
        assert changes(three) == [Change(f"{A}!/0.png", "cat", is_gained=False, score=0.5)]
        assert decided(three, limited(0.9)) == [TagChange("cat", 0, 1)]
        assert three.run(decided_counts) == [("cat", 1)]
        assert decided(three, limited(1.0)) == [TagChange("cat", 2, 0)]

    def test_what_a_person_said_of_a_novel_picture_counts(self, three: Database) -> None:
        judged(three, _0=1.0, _1=1.0)
        decided(three)
        said = {(picture(b"0").hash_id, "cat"): True}
        assert decided(three, limited(0.99), said) == [TagChange("cat", 0, 1)]
        assert three.run(decided_counts) == [("cat", 2)]

    def test_the_same_again_changes_nothing(self, three: Database) -> None:
        decided(three)
        decided(three, cat(0.9))
        assert decided(three, cat(0.9)) == []
        assert changes(three) == []

    def test_pictures_that_are_gone_lose_nothing(self, three: Database) -> None:
        decided(three)
        three.run(lambda c: c.execute(text("DELETE FROM containers")))
        assert decided(three, cat(0.9)) == []
        assert column(three, DecidedRow, "tag") == []

    def test_an_archive_that_is_read_anew_is_new(self, three: Database) -> None:
        decided(three)
        survey(three, found(stamp=b"two"))
        three.run(start_reading, standing(three), UNDER)
        assert three.run(has_undecided)
        score(three, read(three, A, *pictures(A, 2)), "cat")
        assert decided(three) == []
        assert three.run(decided_counts) == [("cat", 2)]

    def test_an_archive_that_comes_is_new_beside_others_that_change(self, three: Database) -> None:
        decided(three)
        survey(three, found(A), found(B))
        score(three, read(three, B, *pictures(B, 2)), "cat")
        assert three.run(has_undecided)
        assert decided(three, cat(0.9)) == [TagChange("cat", 0, 3)]
        assert not three.run(has_undecided)

    def test_what_another_run_left_unfinished_is_left_to_it(self, three: Database) -> None:
        survey(three, found(B))
        score(three, read(three, B, *pictures(B, 2)), "cat")
        decided(three)
        survey(three, found(A))
        assert three.run(decided_counts) == []
        assert three.run(has_undecided)
        assert decided(three) == []
        assert three.run(decided_counts) == [("cat", 3)]


class TestInForce:
    def test_thresholds_are_kept_as_they_were_given(self, three: Database) -> None:
        given = [cat(0.1 + 0.2), InForce("dog", 2, b"", None, "precision_95", 0.1 + 0.2)]
        score(three, 1, "dog")
        three.run(put_in_force, given, NOBODY)
        assert three.run(thresholds_in_force) == given

    def test_those_of_tags_that_other_classifiers_have_scored_stay(self, three: Database) -> None:
        score(three, 1, "dog")
        dog, cow = InForce("dog", 2, b"", 0.5, "number"), InForce("cow", 3, b"", 0.5, "number")
        three.run(lambda c: c.execute(text("INSERT INTO classifiers (model_name) VALUES ('cow')")))
        three.run(put_in_force, [dog, cow], NOBODY)
        assert three.run(with_others, [CAT]) == [CAT, dog]

    def test_of_a_tag_there_is_one_classifier_and_of_it_one_tag(self, three: Database) -> None:
        score(three, 1, "dog")
        others = [InForce("cat", 2, b"", 0.5, "number"), InForce("dog", 1, b"", 0.5, "number")]
        for other in others:
            three.run(put_in_force, [other], NOBODY)
            assert three.run(with_others, [CAT]) == [CAT]

    def test_the_digest_is_that_of_all_that_decides(self) -> None:
        said = {("hash", "cat"): True}
        digests = {
            decisions_digest([CAT], NOBODY),
            decisions_digest([cat(0.6)], NOBODY),
            decisions_digest([limited(0.99)], NOBODY),
            decisions_digest([CAT], said),
            decisions_digest([CAT], {("hash", "cat"): False}),
        }
        assert len(digests) == 5


class TestArchives:
    def test_those_of_the_survey_are_told_in_order(self, three: Database) -> None:
        survey(three, found(B), found(A))
        score(three, read(three, B, *pictures(B, 1)), "cat", value=0.25)
        decided(three)
        told = three.run(lambda c: list(iter_archive_tags(c)))
        assert told == [
            ArchiveTag(A, "cat", 3, 3, 1.0, 0.5, 0.5, f"{A}!/0.png"),
            ArchiveTag(B, "cat", 1, 0, 0.0, 0.25, 0.25, f"{B}!/0.png"),
        ]
        survey(three, found(B))
        assert [one.archive_path for one in three.run(lambda c: list(iter_archive_tags(c)))] == [B]

    def test_a_score_that_no_run_has_written_ends_it_in_one_line(self, database: Database) -> None:
        _three(database)
        database.run(lambda c: c.execute(text("UPDATE zip_score_cache SET tag_score = 'high'")))
        decided(database)
        with pytest.raises(
            RunError, match=r"archive_tags\.best_score holds 'high', which is no score"
        ):
            database.run(lambda c: list(iter_archive_tags(c)))
