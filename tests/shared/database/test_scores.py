"""How far each classifier has got is always what the score table says, whoever deletes from it."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from shared.database.engine import Database, open_database
from shared.database.scores import (
    ScoreTable,
    ScoringState,
    classifier_ids,
    drop_scores,
    finish_scoring,
    forget_lost_rows,
    is_all_scored,
    note_progress,
    scoring_progress,
    start_scoring,
    write_rows,
)
from shared.database.surveys import mark_standing
from shared.database.tables import Base, ScoreCache, ScoringRow, ZipScoreCache
from shared.records import Container
from tests.shared.database.world import (
    UNDER,
    A,
    B,
    column,
    found,
    pictures,
    read,
    score,
    skipped,
    standing,
    survey,
)

WORDS = {
    "file_name": "1.png",
    "file_path": "/zips/a.zip!/1.png",
    "type": ".png",
    "hash_id": "abc",
    "model_name": "model-svm-tag-cat",
    "model_type": "svm",
    "model_train_date": "2023-01-21, 00:56:00",
    "tag": "cat",
    "tag_score": 0.25,
}


def test_there_may_be_more_classifiers_than_one_statement_takes(database: Database) -> None:
    def limit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600)

    database.run(limit)
    survey(database, found(A))
    container = read(database, A, *pictures(A, 1))
    ids = list(database.run(classifier_ids, [f"{i}" for i in range(1500)]).values())
    database.run(start_scoring, container, dict.fromkeys(ids, b"version"))
    database.run(note_progress, container, ids, 1, 0)
    database.run(finish_scoring, container, ids)
    assert database.run(scoring_progress, container)[ids[-1]] == ScoringState(
        b"version", True, 1, 0
    )
    database.run(drop_scores, ZipScoreCache, container, ids)
    assert not database.run(scoring_progress, container)


@pytest.fixture
def containers(database: Database) -> tuple[int, int]:
    """Two containers of two pictures each, both scored by `cat` and `dog`."""
    survey(database, found(A), found(B))
    ids = read(database, A, *pictures(A, 2)), read(database, B, *pictures(B, 2))
    for one in ids:
        score(database, one, "cat", "dog")
    return ids


def rows(database: Database) -> list[tuple[object, object]]:
    return list(
        zip(
            column(database, ZipScoreCache, "file_path"),
            column(database, ZipScoreCache, "model_name"),
            strict=True,
        )
    )


def another_program(database: Database, statement: str) -> None:
    other = sqlite3.connect(database.where)
    with other:
        other.execute(statement)
    other.close()


class TestClassifierIds:
    def test_an_id_is_kept_between_runs(self, database: Database) -> None:
        first = database.run(classifier_ids, ["b", "a"])
        assert database.run(classifier_ids, ["a", "b"]) == first

    def test_new_ones_are_added_in_the_order_given(self, database: Database) -> None:
        ids = database.run(classifier_ids, ["b", "a", "c"])
        assert sorted(ids, key=ids.__getitem__) == ["b", "a", "c"]

    def test_a_new_one_leaves_the_others_their_ids(self, database: Database) -> None:
        first = database.run(classifier_ids, ["b"])
        assert database.run(classifier_ids, ["a", "b"])["b"] == first["b"]

    def test_only_those_asked_for_come_back(self, database: Database) -> None:
        database.run(classifier_ids, ["a", "b"])
        assert list(database.run(classifier_ids, ["b"])) == ["b"]

    def test_names_that_differ_in_case_only_are_two(self, database: Database) -> None:
        assert len(set(database.run(classifier_ids, ["cat", "CAT"]).values())) == 2


class TestProgress:
    @pytest.fixture
    def container(self, database: Database) -> int:
        survey(database, found(A))
        container_id = read(database, A, *pictures(A, 3))
        database.run(classifier_ids, ["cat", "dog"])
        database.run(start_scoring, container_id, {1: b"one", 2: b"two"})
        return container_id

    def test_a_classifier_begins_with_nothing(self, database: Database, container: int) -> None:
        assert database.run(scoring_progress, container) == {
            1: ScoringState(b"one", complete=False, scored_through=0, n_rows=0),
            2: ScoringState(b"two", complete=False, scored_through=0, n_rows=0),
        }

    def test_a_step_counts_for_the_classifiers_that_made_it(
        self, database: Database, container: int
    ) -> None:
        database.run(note_progress, container, [1], 2, 2)
        done = database.run(scoring_progress, container)
        assert [(p.scored_through, p.n_rows) for p in done.values()] == [(2, 2), (0, 0)]

    def test_the_last_step_tells_how_far_it_is(self, database: Database, container: int) -> None:
        database.run(note_progress, container, [1, 2], 2, 2)
        database.run(note_progress, container, [1, 2], 3, 3)
        done = database.run(scoring_progress, container)
        assert [(p.scored_through, p.n_rows) for p in done.values()] == [(3, 3), (3, 3)]

    def test_a_classifier_that_has_finished_is_complete(
        self, database: Database, container: int
    ) -> None:
        database.run(finish_scoring, container, [2])
        done = database.run(scoring_progress, container)
        assert [p.complete for p in done.values()] == [False, True]

    def test_beginning_twice_is_beginning_once(self, database: Database, container: int) -> None:
        before = database.run(scoring_progress, container)
        database.run(start_scoring, container, {1: b"one", 2: b"two"})
        assert database.run(scoring_progress, container) == before

    def test_no_classifiers_begin_nothing(self, database: Database, container: int) -> None:
        database.run(start_scoring, container, {})
        assert list(database.run(scoring_progress, container)) == [1, 2]

    def test_another_container_has_progress_of_its_own(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(note_progress, containers[0], [1], 99, 1)
        done = database.run(scoring_progress, containers[1])
        assert [p.n_rows for p in done.values()] == [2, 2]


VERSIONS = {1: b"version", 2: b"version"}


class TestAllScored:
    def is_all_scored(
        self,
        database: Database,
        versions: Mapping[int, bytes],
        *surveyed: Container,
        read_under: bytes = UNDER,
    ) -> bool:
        """What a later run, which finds these containers, is told."""
        survey(database, *surveyed)
        database.run(mark_standing, read_under, rescan=False)
        return database.run(is_all_scored, versions)

    def test_it_is_so_where_all_containers_are_scored_by_all_classifiers(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        assert self.is_all_scored(database, VERSIONS, found(A), found(B))
        assert containers

    @pytest.mark.parametrize(
        "versions",
        [
            {1: b"version"},
            {1: b"version", 2: b"retrained"},
            {1: b"version", 2: b"version", 3: b"version"},
            {1: b"version", 3: b"version"},
            {},
        ],
        ids=["one less", "one retrained", "one more", "another", "none"],
    )
    def test_it_is_not_so_for_other_classifiers(
        self, database: Database, containers: tuple[int, int], versions: Mapping[int, bytes]
    ) -> None:
        assert not self.is_all_scored(database, versions, found(A), found(B))
        assert containers

    @pytest.mark.parametrize(
        "found_now",
        [(found(A), found(B), found("/zips/c.zip")), (found(A), found(B, stamp=b"two"))],
        ids=["one more", "one changed"],
    )
    def test_it_is_not_so_where_there_is_something_new(
        self, database: Database, containers: tuple[int, int], found_now: tuple[Container, ...]
    ) -> None:
        assert not self.is_all_scored(database, VERSIONS, *found_now)
        assert containers

    def test_it_is_not_so_under_other_limits(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        now = (found(A), found(B))
        assert not self.is_all_scored(database, VERSIONS, *now, read_under=b"other limits")
        assert containers

    def test_it_is_not_so_on_a_rescan(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        survey(database, found(A), found(B))
        database.run(mark_standing, UNDER, rescan=True)
        assert not database.run(is_all_scored, VERSIONS)
        assert containers

    def test_what_this_run_does_not_look_at_does_not_matter(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(drop_scores, ZipScoreCache, containers[1], [1])
        assert self.is_all_scored(database, VERSIONS, found(A))

    def test_one_classifier_that_lacks_one_container_is_enough(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(drop_scores, ZipScoreCache, containers[1], [1])
        assert not self.is_all_scored(database, VERSIONS, found(A), found(B))

    def test_one_that_is_half_way_is_enough(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(drop_scores, ZipScoreCache, containers[1], [1])
        database.run(start_scoring, containers[1], {1: b"version"})
        assert not self.is_all_scored(database, VERSIONS, found(A), found(B))

    def test_a_container_without_pictures_counts_once_it_is_finished(
        self, database: Database
    ) -> None:
        survey(database, found(A))
        container_id = read(database, A, skipped(f"{A}!/1.txt"))
        database.run(classifier_ids, ["cat"])
        database.run(start_scoring, container_id, {1: b"version"})
        assert not self.is_all_scored(database, {1: b"version"}, found(A))
        database.run(finish_scoring, container_id, [1])
        assert self.is_all_scored(database, {1: b"version"}, found(A))

    def test_where_nothing_is_found_nothing_is_missing(self, database: Database) -> None:
        assert self.is_all_scored(database, VERSIONS)

    def test_rows_that_another_program_deleted_are_missed(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        another_program(database, "DELETE FROM zip_score_cache WHERE member_id = 1")
        survey(database, found(A), found(B))
        assert standing(database, A).is_read
        database.run(forget_lost_rows, ZipScoreCache)
        assert not database.run(is_all_scored, VERSIONS)
        assert containers


class TestDropping:
    def test_the_rows_of_one_classifier_in_one_container_go(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        before = rows(database)
        database.run(drop_scores, ZipScoreCache, containers[0], [1])
        gone = {(f"{A}!/0.png", "cat"), (f"{A}!/1.png", "cat")}
        assert set(rows(database)) == set(before) - gone

    def test_its_progress_goes_with_them(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(drop_scores, ZipScoreCache, containers[0], [1])
        left = [list(database.run(scoring_progress, one)) for one in containers]
        assert left == [[2], [1, 2]]

    def test_nothing_stale_drops_nothing(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        database.run(drop_scores, ZipScoreCache, containers[0], [])
        assert len(rows(database)) == 8


class TestLostRows:
    def left(self, database: Database, containers: tuple[int, int]) -> list[list[int]]:
        database.run(forget_lost_rows, ZipScoreCache)
        return [list(database.run(scoring_progress, one)) for one in containers]

    def test_where_none_is_lost_nothing_is_forgotten(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        assert self.left(database, containers) == [[1, 2], [1, 2]]
        assert len(rows(database)) == 8

    def test_a_lost_row_makes_its_classifier_forget_the_container(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        another_program(
            database,
            f"DELETE FROM zip_score_cache WHERE file_path = '{A}!/0.png' AND model_name = 'dog'",
        )
        assert self.left(database, containers) == [[1], [1, 2]]

    def test_what_is_left_of_those_rows_goes_too(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        another_program(database, f"DELETE FROM zip_score_cache WHERE file_path = '{A}!/0.png'")
        self.left(database, containers)
        assert {path for path, _ in rows(database)} == {f"{B}!/0.png", f"{B}!/1.png"}

    def test_an_emptied_table_makes_all_forget_all(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        another_program(database, "DELETE FROM zip_score_cache")
        assert self.left(database, containers) == [[], []]

    def test_forgetting_twice_forgets_no_more(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        another_program(database, "DELETE FROM zip_score_cache WHERE model_name = 'dog'")
        assert self.left(database, containers) == self.left(database, containers) == [[1], [1]]

    def test_a_classifier_that_is_half_way_keeps_what_it_has(self, database: Database) -> None:
        survey(database, found(A))
        container = read(database, A, *pictures(A, 2))
        database.run(classifier_ids, ["cat"])
        database.run(start_scoring, container, {1: b"one"})
        assert self.left(database, (container, container)) == [[1], [1]]


class TestWritingRows:
    @pytest.fixture(params=[ZipScoreCache, ScoreCache])
    def table(self, request: pytest.FixtureRequest) -> ScoreTable:
        table: ScoreTable = request.param
        return table

    @pytest.fixture
    def scored(self, table: ScoreTable, tmp_path: Path) -> Iterator[Database]:
        """A database of either stage with one row, written in the documented order."""
        with open_database(tmp_path / "scored.sqlite", table) as database:
            survey(database, found(A))
            read(database, A, *pictures(A, 1))
            database.run(classifier_ids, ["cat"])
            archive = ("/zips/a.zip",) if table is ZipScoreCache else ()
            database.run(write_rows, table, [(1, 1, *WORDS.values(), *archive)])
            yield database

    def test_each_value_is_in_its_column(self, scored: Database, table: ScoreTable) -> None:
        assert {name: column(scored, table, name) for name in WORDS} == {
            name: [value] for name, value in WORDS.items()
        }

    def test_the_archives_path_is_the_last_value(
        self, database: Database, containers: tuple[int, int]
    ) -> None:
        assert set(column(database, ZipScoreCache, "archive_path")) == {A, B}
        assert containers

    @pytest.mark.parametrize("value", [0.0, 1.0, 1e-300, 0.1 + 0.2])
    def test_a_score_comes_back_to_the_last_bit(self, database: Database, value: float) -> None:
        survey(database, found(A))
        score(database, read(database, A, *pictures(A, 1)), "cat", value=value)
        assert column(database, ZipScoreCache, "tag_score") == [value]

    def test_no_rows_write_nothing(self, database: Database) -> None:
        database.run(write_rows, ZipScoreCache, [])
        assert not column(database, ZipScoreCache, "member_id")

    @pytest.mark.parametrize("table", [ScoringRow, ZipScoreCache])
    def test_rows_and_progress_agree(
        self, database: Database, containers: tuple[int, int], table: type[Base]
    ) -> None:
        n_rows = {ScoringRow: 2 * len(containers), ZipScoreCache: 8}[table]
        assert len(column(database, table, "classifier_id")) == n_rows
