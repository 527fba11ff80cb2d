"""Score rows are those of the classifiers of now; what is scored already is left as it is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from sqlalchemy import update

from shared.classifiers.estimators import Classifier, Logistic, Trusted
from shared.database.engine import Connection, Database, open_database
from shared.database.members import write_readings
from shared.database.scores import (
    ScoreTable,
    ScoringState,
    forget_lost_rows,
    is_all_scored,
    scoring_progress,
    write_rows,
)
from shared.database.tables import ContainerRow, MemberRow, ScoreCache, ZipScoreCache
from shared.errors import Fate
from shared.flow import scoring
from shared.flow.novelty import Novelty
from shared.flow.scoring import Scorer, ScoreRow, gather_team
from shared.flow.vector_lookup import VectorSource
from shared.metadata.loading import Metadata
from shared.records import Floats
from tests import worlds
from tests.shared.database.world import (
    EMBEDDER,
    A,
    B,
    column,
    found,
    picture,
    pictures,
    read,
    skipped,
    standing,
    survey,
)
from tests.shared.flow.scenes import classifier, metadata_of

N_PICTURES = 5
VECTORS = np.random.default_rng(0).normal(size=(N_PICTURES, 4)).astype(np.float32)
CAT, DOG = classifier("cat"), classifier("dog", (4, 3, 2, 1))


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Metadata:
    """Vectors of the pictures ``0.png`` to ``4.png`` of any container."""
    entries: dict[str, object] = {
        picture(str(i).encode()).hash_id: {"embeddings_vector": [float(x) for x in vector]}
        for i, vector in enumerate(VECTORS)
    }
    return metadata_of(tmp_path_factory.mktemp("metadata"), entries)


@pytest.fixture
def container(database: Database) -> int:
    """A container of five pictures."""
    survey(database, found(A))
    return read(database, A, *pictures(A, N_PICTURES))


def scorer(
    database: Database,
    metadata: Metadata,
    *classifiers: Classifier,
    table: ScoreTable = ZipScoreCache,
    vectors_identity: bytes = b"",
) -> Scorer:
    team = gather_team(database, classifiers, vectors_identity)
    return Scorer(database, table, team, VectorSource(database, metadata, "", Novelty(metadata)), 1)


def scores(database: Database) -> dict[tuple[str, str], float]:
    """Scores by address and tag."""
    keys = zip(
        column(database, ZipScoreCache, "file_path"),
        column(database, ZipScoreCache, "tag"),
        strict=True,
    )
    values = column(database, ZipScoreCache, "tag_score")
    return {
        (str(path), str(tag)): float(str(score))
        for (path, tag), score in zip(keys, values, strict=True)
    }


def mark(database: Database) -> None:
    """Alter every row that stands, so that one that is written again can be told."""
    database.run(lambda c: c.execute(update(ZipScoreCache).values(model_type="marked")))


def n_marked(database: Database) -> Mapping[str, int]:
    """How many rows still are as they were when they were marked, by tag."""
    rows = list(
        zip(
            column(database, ZipScoreCache, "tag"),
            column(database, ZipScoreCache, "model_type"),
            strict=True,
        )
    )
    return {str(tag): rows.count((tag, "marked")) for tag, _ in rows}


def progress(database: Database, container_id: int) -> list[ScoringState]:
    return list(database.run(scoring_progress, container_id).values())


class TestScores:
    def test_they_are_those_of_predict_proba(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        fitted = worlds.classifier(1)
        plain = Logistic(fitted.coef_[0], float(fitted.intercept_[0]))
        scorer(database, metadata, classifier(estimator=plain)).score_container(
            container, is_whole=True
        )
        expected = fitted.predict_proba(VECTORS.astype(float))[:, 0]
        assert list(scores(database).values()) == pytest.approx(expected, abs=1e-12)

    def test_each_picture_has_one_of_each_classifier(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        n_rows = scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        assert n_rows == len(scores(database)) == 2 * N_PICTURES

    @pytest.mark.parametrize("n_rows", [1, 2, 3, 7])
    def test_they_do_not_depend_on_the_transactions(
        self,
        database: Database,
        metadata: Metadata,
        container: int,
        monkeypatch: pytest.MonkeyPatch,
        n_rows: int,
    ) -> None:
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        expected = scores(database)
        database.run(lambda c: c.execute(ZipScoreCache.__table__.delete()))  # type: ignore[attr-defined]
        database.run(forget_lost_rows, ZipScoreCache)
        monkeypatch.setattr(scoring, "ROWS_PER_TRANSACTION", n_rows)
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        assert scores(database) == expected

    def test_the_same_picture_elsewhere_has_the_same(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        survey(database, found(A), found(B))
        other = read(database, B, *pictures(B, N_PICTURES))
        both = scorer(database, metadata, CAT)
        for container_id in (container, other):
            both.score_container(container_id, is_whole=True)
        values = list(scores(database).values())
        assert values[:N_PICTURES] == values[N_PICTURES:]

    @pytest.fixture(params=[ScoreCache, ZipScoreCache])
    def table(self, request: pytest.FixtureRequest) -> ScoreTable:
        table: ScoreTable = request.param
        return table

    def test_they_stand_in_the_table_of_the_stage(
        self, tmp_path: Path, metadata: Metadata, table: ScoreTable
    ) -> None:
        with open_database(tmp_path / "stage.sqlite", table) as database:
            survey(database, found(A))
            container_id = read(database, A, *pictures(A, N_PICTURES))
            team = scorer(database, metadata, CAT, table=table)
            team.score_container(container_id, is_whole=True)
            assert column(database, table, "file_name") == [f"{i}.png" for i in range(N_PICTURES)]
            assert set(column(database, table, "model_name")) == {CAT.name}


class TestFates:
    def test_what_has_a_vector_is_scored(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT).score_container(container, is_whole=True)
        assert column(database, MemberRow, "fate") == [Fate.SCORED] * N_PICTURES

    def test_what_has_none_has_a_reason_and_no_row(
        self, database: Database, metadata: Metadata
    ) -> None:
        survey(database, found(A))
        container = read(database, A, *pictures(A, N_PICTURES + 1))
        scorer(database, metadata, CAT).score_container(container, is_whole=True)
        assert column(database, MemberRow, "fate")[-1] == Fate.NO_EMBEDDING
        assert len(scores(database)) == N_PICTURES

    def test_what_is_no_picture_keeps_its_fate(
        self, database: Database, metadata: Metadata
    ) -> None:
        survey(database, found(A))
        container = read(database, A, skipped(f"{A}!/x", Fate.CRC), *pictures(A, 3)[1:])
        scorer(database, metadata, CAT).score_container(container, is_whole=True)
        assert column(database, MemberRow, "fate") == [Fate.CRC, Fate.SCORED, Fate.SCORED]

    def test_a_classifier_that_makes_no_number_makes_the_vector_bad(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        odd = classifier("odd", estimator=Trusted(no_number_for_the_second, 4))
        scorer(database, metadata, CAT, odd).score_container(container, is_whole=True)
        fates = [Fate.SCORED, Fate.BAD_VECTOR, *[Fate.SCORED] * 3]
        assert column(database, MemberRow, "fate") == fates
        assert {path for path, _ in scores(database)} == {f"{A}!/{i}.png" for i in (0, 2, 3, 4)}

    @pytest.mark.parametrize("before", ["cat", "odd", "cat odd"])
    @pytest.mark.parametrize("after", ["cat dog odd", "cat odd", "cat dog", "cat", "odd"])
    def test_a_member_has_the_scores_of_all_or_of_none_whoever_scored_it_before(
        self, database: Database, metadata: Metadata, container: int, before: str, after: str
    ) -> None:
        odd = classifier("odd", estimator=Trusted(no_number_for_the_second, 4))
        all_of_them = {"cat": CAT, "dog": DOG, "odd": odd}
        for names in (before, after):
            team = [all_of_them[name] for name in names.split()]
            scorer(database, metadata, *team).score_container(container, is_whole=True)
        without = {f"{A}!/1.png"} if "odd" in after else set()
        paths = {f"{A}!/{i}.png" for i in range(N_PICTURES)} - without
        assert scores(database).keys() == {(path, tag) for path in paths for tag in after.split()}
        is_scored = column(database, MemberRow, "fate")[1] == Fate.SCORED
        assert is_scored == ("odd" not in after)
        database.run(forget_lost_rows, ZipScoreCache)
        assert {one.complete for one in progress(database, container)} == {True}

    def test_rows_that_were_never_made_are_not_missed(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        odd = classifier("odd", estimator=Trusted(no_number_for_the_second, 4))
        team = scorer(database, metadata, CAT, odd)
        team.score_container(container, is_whole=True)
        database.run(forget_lost_rows, ZipScoreCache)
        assert [one.n_rows for one in progress(database, container)] == [4, 4]
        assert team.score_container(container, is_whole=True) == 0


def no_number_for_the_second(vectors: Floats) -> Floats:
    odd = (vectors.astype(np.float32) == VECTORS[1]).all(axis=1)
    return np.where(odd[:, None], np.nan, 0.5) * np.ones((1, 2))


class TestAgain:
    def test_what_is_scored_is_not_scored_again(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        team = scorer(database, metadata, CAT)
        team.score_container(container, is_whole=True)
        before = column(database, ContainerRow, "revision")
        assert team.score_container(container, is_whole=True) == 0
        assert column(database, ContainerRow, "revision") == before

    def test_a_new_classifier_leaves_the_rows_of_the_others(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT).score_container(container, is_whole=True)
        mark(database)
        n_rows = scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        assert n_rows == N_PICTURES
        assert n_marked(database) == {"cat": N_PICTURES, "dog": 0}

    def test_a_retrained_classifier_replaces_its_own_rows(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        before = scores(database)
        mark(database)
        retrained = classifier("dog", (0, 0, 0, 0))
        scorer(database, metadata, CAT, retrained).score_container(container, is_whole=True)
        assert n_marked(database) == {"cat": N_PICTURES, "dog": 0}
        changed = {tag for (path, tag), s in scores(database).items() if before[path, tag] != s}
        assert changed == {"dog"}

    def test_other_vectors_replace_all_rows(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT).score_container(container, is_whole=True)
        mark(database)
        other = scorer(database, metadata, CAT, vectors_identity=b"other metadata")
        other.score_container(container, is_whole=True)
        assert n_marked(database) == {"cat": 0}

    def test_a_classifier_that_is_gone_takes_its_rows_along(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        left = scorer(database, metadata, DOG)
        left.score_container(container, is_whole=True)
        assert {tag for _, tag in scores(database)} == {"dog"}
        assert standing(database).is_read
        assert database.run(is_all_scored, left.team.versions)

    def test_the_container_is_touched_when_its_scores_change(
        self, database: Database, metadata: Metadata, container: int
    ) -> None:
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        [before] = column(database, ContainerRow, "revision")
        scorer(database, metadata, DOG).score_container(container, is_whole=True)
        [after] = column(database, ContainerRow, "revision")
        assert after != before


class TestGoingOn:
    @pytest.fixture
    def half(self, database: Database, metadata: Metadata) -> int:
        """A container of which two of five pictures are read and scored."""
        survey(database, found(A))
        container_id = read(database, A, *pictures(A, 2))
        scorer(database, metadata, CAT, DOG).score_container(container_id, is_whole=False)
        return container_id

    def rest(self, database: Database, container_id: int) -> None:
        database.run(write_readings, container_id, pictures(A, N_PICTURES)[2:], EMBEDDER)

    def test_what_is_not_whole_is_not_complete(self, database: Database, half: int) -> None:
        assert [(p.complete, p.n_rows) for p in progress(database, half)] == [(False, 2)] * 2

    def test_it_goes_on_after_the_last_that_was_scored(
        self, database: Database, metadata: Metadata, half: int
    ) -> None:
        mark(database)
        self.rest(database, half)
        n_rows = scorer(database, metadata, CAT, DOG).score_container(half, is_whole=True)
        assert n_rows == 6
        assert n_marked(database) == {"cat": 2, "dog": 2}

    def test_in_steps_it_ends_as_in_one(
        self, database: Database, metadata: Metadata, half: int
    ) -> None:
        self.rest(database, half)
        scorer(database, metadata, CAT, DOG).score_container(half, is_whole=True)
        assert [(p.complete, p.n_rows) for p in progress(database, half)] == [(True, 5)] * 2
        assert len(scores(database)) == 2 * N_PICTURES

    def test_the_last_step_may_bring_nothing_but_the_end(
        self, database: Database, metadata: Metadata, half: int
    ) -> None:
        assert scorer(database, metadata, CAT, DOG).score_container(half, is_whole=True) == 0
        assert [p.complete for p in progress(database, half)] == [True, True]

    def test_a_classifier_that_joins_half_way_scores_all(
        self, database: Database, metadata: Metadata, half: int
    ) -> None:
        self.rest(database, half)
        cow = classifier("cow", (1, 0, 0, 0))
        scorer(database, metadata, CAT, DOG, cow).score_container(half, is_whole=True)
        assert [p.n_rows for p in progress(database, half)] == [5, 5, 5]

    def test_a_classifier_retrained_half_way_begins_anew(
        self, database: Database, metadata: Metadata, half: int
    ) -> None:
        mark(database)
        self.rest(database, half)
        retrained = classifier("dog", (0, 0, 0, 0))
        scorer(database, metadata, CAT, retrained).score_container(half, is_whole=True)
        assert n_marked(database) == {"cat": 2, "dog": 0}

    @pytest.mark.parametrize("n_done", range(6))
    def test_a_run_stopped_between_transactions_is_finished_by_the_next(
        self,
        database: Database,
        metadata: Metadata,
        container: int,
        monkeypatch: pytest.MonkeyPatch,
        n_done: int,
    ) -> None:
        monkeypatch.setattr(scoring, "ROWS_PER_TRANSACTION", 2)
        team = scorer(database, metadata, CAT, DOG)
        with monkeypatch.context() as stopping:
            stopping.setattr(scoring, "write_rows", stop_after(n_done))
            stopping.setattr(scoring, "finish_scoring", stop)
            with pytest.raises(ZeroDivisionError):
                team.score_container(container, is_whole=True)
        assert len(scores(database)) == 2 * min(n_done, N_PICTURES)
        mark(database)
        scorer(database, metadata, CAT, DOG).score_container(container, is_whole=True)
        assert len(scores(database)) == 2 * N_PICTURES
        assert sum(n_marked(database).values()) == 2 * min(n_done, N_PICTURES)


def stop(*_: object) -> NoReturn:
    """Fail as a run does that is killed."""
    raise ZeroDivisionError


def stop_after(n_batches: int) -> Callable[[Connection, ScoreTable, list[ScoreRow]], None]:
    """Write so many batches of rows, and stop in the middle of the next one's transaction."""
    left = iter(range(n_batches))

    def write(connection: Connection, table: ScoreTable, rows: list[ScoreRow]) -> None:
        write_rows(connection, table, rows)
        if next(left, None) is None:
            stop()

    return write


class TestTeam:
    def test_a_classifier_keeps_its_version_while_file_and_vectors_do(
        self, database: Database
    ) -> None:
        first = gather_team(database, [CAT, DOG], b"vectors")
        assert gather_team(database, [DOG, CAT], b"vectors").versions == first.versions

    @pytest.mark.parametrize("vectors", [b"vectors", b"other vectors"])
    @pytest.mark.parametrize("digest", [b"file", b"other file"])
    def test_a_version_changes_with_either(
        self, database: Database, digest: bytes, vectors: bytes
    ) -> None:
        def version(digest: bytes, vectors: bytes) -> bytes:
            one = Classifier("m", "svm", "cat", None, digest, CAT.estimator)
            return gather_team(database, [one], vectors).versions[1]

        is_same = (digest, vectors) == (b"file", b"vectors")
        assert (version(digest, vectors) == version(b"file", b"vectors")) == is_same

    def test_classifiers_come_in_the_order_of_their_ids(self, database: Database) -> None:
        gather_team(database, [DOG], b"")
        team = gather_team(database, [CAT, DOG], b"")
        assert [one.tag for one in team.classifiers.values()] == ["dog", "cat"]
        assert list(team.classifiers) == list(team.versions) == [1, 2]
