"""The views tell what the scores, the thresholds in force and people's answers say together."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from shared.database.engine import Database, open_database
from shared.database.scores import classifier_ids, write_rows
from shared.database.tables import AnswerRow, ScoreCache, ThresholdRow
from shared.errors import Fate
from tests.shared.database.world import (
    A,
    B,
    found,
    judged,
    picture,
    pictures,
    read,
    read_picture,
    score,
    skipped,
    survey,
)


@dataclass(frozen=True)
class Decisions:
    """A database of one tag, whose classifier decides at a half."""

    database: Database

    def decide(
        self,
        tag: str = "cat",
        classifier: int = 1,
        threshold: float | None = 0.5,
        max_novelty: float = 1.0,
    ) -> None:
        row = {
            "tag": tag,
            "classifier_id": classifier,
            "version": b"1",
            "threshold": threshold,
            "chosen_by": "number",
            "max_novelty": max_novelty,
        }
        self.database.run(lambda c: c.execute(insert(ThresholdRow).values(row)))

    def answer(self, content: bytes, *, has_tag: bool, tag: str = "cat") -> None:
        row = {"hash_id": picture(content).hash_id, "tag": tag, "has_tag": has_tag}
        self.database.run(lambda c: c.execute(insert(AnswerRow).values(row)))

    def scored(self, member: int, value: float, classifier: int = 1) -> None:
        change = (
            "UPDATE zip_score_cache SET tag_score = :v WHERE member_id = :m AND classifier_id = :c"
        )
        values = {"v": value, "m": member, "c": classifier}
        self.database.run(lambda c: c.execute(text(change), values))

    def tags(self, columns: str = "file_name, by_person") -> list[tuple[object, ...]]:
        order = f"SELECT {columns} FROM zip_tags ORDER BY file_path"
        return self.database.run(lambda c: [tuple(row) for row in c.execute(text(order))])

    def archives(self, columns: str) -> dict[object, tuple[object, ...]]:
        asked = f"SELECT archive_path, {columns} FROM archive_tags"
        return self.database.run(
            lambda c: {row[0]: tuple(row[1:]) for row in c.execute(text(asked))}
        )


@pytest.fixture
def cats(of_each_kind: Database) -> Decisions:
    """Three pictures of one archive, scored by one classifier."""
    survey(of_each_kind, found())
    score(of_each_kind, read(of_each_kind, A, *pictures(A, 3)), "cat", "other cat")
    return Decisions(of_each_kind)


class TestTags:
    def test_a_score_of_at_least_the_threshold_is_decided(self, cats: Decisions) -> None:
        cats.decide()
        cats.scored(1, 0.4999)
        cats.scored(3, 0.9)
        assert [name for name, _ in cats.tags()] == ["1.png", "2.png"]

    def test_nothing_is_decided_without_a_threshold(self, cats: Decisions) -> None:
        assert cats.tags() == []
        cats.decide(threshold=None)
        assert cats.tags() == []

    def test_only_the_classifier_that_decides_does(self, cats: Decisions) -> None:
        cats.decide(classifier=2, threshold=0.5)
        cats.scored(1, 0.1, classifier=2)
        assert {row[1:] for row in cats.tags("file_name, model_name, threshold")} == {
            ("other cat", 0.5)
        }
        assert len(cats.tags()) == 2

    def test_a_person_wins(self, cats: Decisions) -> None:
        cats.decide()
        cats.scored(1, 0.1)
        cats.answer(b"0", has_tag=True)
        cats.answer(b"1", has_tag=False)
        cats.answer(b"2", has_tag=True)
        assert cats.tags() == [("0.png", True), ("2.png", True)]

    def test_what_is_too_novel_is_not_decided_but_by_a_person(self, cats: Decisions) -> None:
        cats.decide(max_novelty=0.99)
        judged(cats.database, _0=0.995, _1=0.995, _2=0.99)
        cats.answer(b"1", has_tag=True)
        assert cats.tags("file_name, by_person, novelty") == [
            ("1.png", True, 0.995),
            ("2.png", False, 0.99),
        ]
        assert cats.archives("pictures, decided") == {A: (3, 2)}

    @pytest.mark.parametrize("limit", [0.0, 0.99, 1.0])
    def test_where_no_novelty_is_known_all_is_decided(self, cats: Decisions, limit: float) -> None:
        cats.decide(max_novelty=limit)
        assert len(cats.tags()) == 3
        assert cats.archives("decided") == {A: (3,)}

    def test_without_a_limit_the_most_novel_are_decided(self, cats: Decisions) -> None:
        cats.decide()
        judged(cats.database, _0=1.0)
        assert len(cats.tags()) == 3
        assert cats.archives("decided") == {A: (3,)}

    def test_an_answer_to_another_tag_says_nothing(self, cats: Decisions) -> None:
        cats.decide()
        cats.answer(b"0", has_tag=False, tag="dog")
        assert len(cats.tags()) == 3

    def test_an_answer_is_for_every_occurrence(self, database: Database) -> None:
        survey(database, found(A), found(B))
        for address in (A, B):
            score(database, read(database, address, *pictures(address, 1)), "cat", value=0.1)
        cats = Decisions(database)
        cats.decide()
        cats.answer(b"0", has_tag=True)
        assert cats.tags("archive_path") == [(A,), (B,)]

    def test_stage_3_has_its_own(self, tmp_path: Path) -> None:
        with open_database(tmp_path / "score_cache.sqlite", ScoreCache) as database:
            survey(database, found())
            read(database, A, *pictures(A, 1))
            database.run(classifier_ids, ["cat"])
            row = (1, 1, "0.png", A, ".png", "hash", "cat", "svm", None, "cat", 0.75)
            database.run(write_rows, ScoreCache, [row])
            Decisions(database).decide()
            asked = "SELECT tag, tag_score, file_path FROM tags"
            decided = database.run(lambda c: [tuple(one) for one in c.execute(text(asked))])
        assert decided == [("cat", 0.75, A)]


class TestArchives:
    def test_an_archive_tells_how_much_of_it_is_decided(self, cats: Decisions) -> None:
        cats.decide()
        cats.scored(1, 0.25)
        cats.scored(2, 1.0)
        columns = "tag, pictures, decided, share, mean_score, best_score, best"
        [row] = cats.archives(columns).values()
        expected = ("cat", 3, 2, 2 / 3, (0.25 + 1 + 0.5) / 3, 1.0, f"{A}!/1.png")
        assert row == pytest.approx(expected)

    def test_what_a_person_said_counts(self, cats: Decisions) -> None:
        cats.decide()
        cats.scored(1, 0.25)
        cats.answer(b"0", has_tag=True)
        cats.answer(b"2", has_tag=False)
        assert cats.archives("decided") == {A: (2,)}

    def test_where_nothing_can_be_decided_the_scores_are_told_all_the_same(
        self, cats: Decisions
    ) -> None:
        cats.decide(threshold=None)
        assert cats.archives("decided, best_score") == {A: (0, 0.5)}

    def test_an_archive_counts_what_is_nested_in_it(self, cats: Decisions) -> None:
        self.nest(cats.database)
        cats.decide()
        cats.scored(4, 0.75)
        assert cats.archives("pictures, decided, best") == {
            B: (2, 2, f"{B}!/more.zip!/deep.zip!/1.png"),
            f"{B}!/more.zip": (1, 1, f"{B}!/more.zip!/deep.zip!/1.png"),
            f"{B}!/more.zip!/deep.zip": (1, 1, f"{B}!/more.zip!/deep.zip!/1.png"),
            A: (3, 3, f"{A}!/0.png"),
        }

    def nest(self, database: Database) -> None:
        """An archive of a picture, and of an archive that holds nothing but another one."""
        survey(database, found(A), found(B))
        inner = f"{B}!/more.zip"
        members = (
            read_picture(f"{inner}!/deep.zip!/1.png", b"deep", entry=(0, 0, 0)),
            skipped(f"{inner}!/deep.zip", Fate.ARCHIVE, "", entry=(0, 0)),
            skipped(inner, Fate.ARCHIVE, "", entry=(0,)),
            read_picture(f"{B}!/2.png", b"flat", entry=(1,)),
        )
        score(database, read(database, B, *members), "cat", "other cat")
