"""Known pictures x classifiers -> score rows and fates, one container at a time.

Only what is missing is scored: a classifier that has finished a container under the same vectors
is left alone, and one that was stopped half-way goes on where it stopped.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.batching import iter_pages
from shared.classifiers.estimators import Classifier
from shared.classifiers.fused.fusing import FusedClassifiers, fuse
from shared.database.containers import touch
from shared.database.engine import Connection, Database
from shared.database.members import KnownMember, has_member, known_members_page, write_fates
from shared.database.novelties import forget_novelties, write_novelties
from shared.database.scores import (
    ScoreTable,
    ScoringState,
    classifier_ids,
    drop_scores,
    finish_scoring,
    note_progress,
    scoring_progress,
    start_scoring,
    write_rows,
)
from shared.database.tables import ZipScoreCache
from shared.errors import Fate
from shared.flow.vector_lookup import Found, VectorSource, Verdict
from shared.hashing import content_digest
from shared.names import extension

ScoreRow: TypeAlias = tuple[object, ...]

ROWS_PER_TRANSACTION = 10_000
NO_NUMBER: Verdict = (Fate.BAD_VECTOR, "a classifier gives no number")


@dataclass(frozen=True, slots=True)
class Team:
    """The classifiers of this run by their id in the database, each with its version.

    A version is the digest of the classifier's file and of the vectors that it is applied to:
    where either changes, its scores are stale.
    """

    classifiers: Mapping[int, Classifier]
    versions: Mapping[int, bytes]
    _fused: dict[tuple[int, ...], FusedClassifiers] = field(default_factory=dict)

    def fused(self, ids: Sequence[int]) -> FusedClassifiers:
        """Return the fused estimators of some of the classifiers."""
        key = tuple(ids)
        if key not in self._fused:
            self._fused[key] = fuse([self.classifiers[i].estimator for i in ids])
        return self._fused[key]


def gather_team(
    database: Database, classifiers: Sequence[Classifier], vectors_identity: bytes
) -> Team:
    """Give each classifier its id and its version."""
    return team_of(
        database.run(classifier_ids, [c.name for c in classifiers]), classifiers, vectors_identity
    )


def team_of(
    ids: Mapping[str, int], classifiers: Sequence[Classifier], vectors_identity: bytes
) -> Team:
    """Give each classifier its version; ids by name."""
    by_id = {ids[c.name]: c for c in sorted(classifiers, key=lambda c: ids[c.name])}
    versions = {i: content_digest(c.digest + vectors_identity) for i, c in by_id.items()}
    return Team(by_id, versions)


@dataclass(frozen=True, slots=True)
class Scorer:
    """Everything that scoring a container takes, the same for all containers of a run."""

    database: Database
    table: ScoreTable
    team: Team
    vectors: VectorSource
    n_threads: int

    def score_container(self, container_id: int, *, is_whole: bool) -> int:
        """Bring the score rows of one container up to date.

        Parameters
        ----------
        container_id : int
            The container.
        is_whole : bool
            Whether all of its members are in the database; else the rest is scored later.

        Returns
        -------
        int
            How many rows were added.
        """
        todo = _to_do(self.database.run(scoring_progress, container_id), self.team)
        n_rows = 0
        if not self._is_torn(container_id, todo):
            n_rows = self._score(container_id, todo)
        if self._is_torn(container_id, todo):
            todo = _all_anew(todo, self.team)
            n_rows = self._score(container_id, todo)
        for ids in todo.starts.values() if is_whole else ():
            self.database.run(finish_scoring, container_id, ids)
        return n_rows

    def _is_torn(self, container_id: int, todo: "_ToDo") -> bool:
        """Tell whether a part of the team scores what another part can, or could, not.

        A member has the scores of all or of none, so that only all together can decide.
        """
        is_team = list(todo.starts.values()) == [list(self.team.classifiers)]
        if is_team and (not todo.stale or _FROM_START in todo.starts):
            return False
        has_work = bool(todo.stale or todo.starts)
        return has_work and self.database.run(has_member, container_id, *NO_NUMBER)

    def _score(self, container_id: int, todo: "_ToDo") -> int:
        if todo.stale or todo.starts:
            self.database.run(self._start, container_id, todo)
        return sum(
            self._score_members(container_id, start, ids) for start, ids in todo.starts.items()
        )

    def _start(self, connection: Connection, container_id: int, todo: "_ToDo") -> None:
        touch(connection, container_id)
        drop_scores(connection, self.table, container_id, todo.stale)
        start_scoring(connection, container_id, {i: self.team.versions[i] for i in todo.fresh})

    def _score_members(self, container_id: int, start: "_Start", ids: Sequence[int]) -> int:
        size = max(1, ROWS_PER_TRANSACTION // len(ids))
        done = start
        pages = iter_pages(
            lambda after: self.database.run(known_members_page, container_id, after, size),
            start.after,
            attrgetter("id"),
        )
        for members in pages:
            scored = self._scored(members, done, ids)
            self.database.run(self._write, container_id, ids, scored)
            done = scored.done
        return (done.n_rows - start.n_rows) * len(ids)

    def _scored(
        self, members: Sequence[KnownMember], start: "_Start", ids: Sequence[int]
    ) -> "_Scored":
        found = self.vectors.find(members)
        scores = self.team.fused(ids).score(found.vectors, self.n_threads)
        found, scores = _only_finite(found, scores)
        kept = list(itertools.compress(members, found.has_vector))
        done = _Start(members[-1].id, start.n_rows + len(kept))
        rows, fates = self._rows(kept, ids, scores), _changed_fates(members, found)
        return _Scored(rows, fates, found.novelties, found.labelled, done)

    def _write(
        self, connection: Connection, container_id: int, ids: Sequence[int], scored: "_Scored"
    ) -> None:
        write_rows(connection, self.table, scored.rows)
        write_fates(connection, scored.fates)
        write_novelties(connection, scored.novelties, self.vectors.novelty.reference)
        forget_novelties(connection, scored.labelled)
        note_progress(connection, container_id, ids, scored.done.after, scored.done.n_rows)

    def _rows(
        self, members: Sequence[KnownMember], ids: Sequence[int], scores: NDArray[np.float64]
    ) -> list[ScoreRow]:
        """Lay out all members' rows of each classifier, then take one of each in turn.

        No row is made by a loop of Python's own, which would take longer than to write it.
        """
        names = [member.file_name for member in members]
        facts = (
            names,
            [member.file_path for member in members],
            list(map(extension, names)),
            [member.hash_id for member in members],
        )
        archive = ([m.parent for m in members],) if self.table is ZipScoreCache else ()
        keys = [member.id for member in members]
        columns = []
        for i, some in zip(ids, scores.T, strict=True):
            one = self.team.classifiers[i]
            words = map(itertools.repeat, (one.name, one.model_type, one.train_date, one.tag))
            columns.append(zip(keys, itertools.repeat(i), *facts, *words, some.tolist(), *archive))
        return list(itertools.chain.from_iterable(zip(*columns, strict=True)))


class _Start(NamedTuple):
    """Where scoring goes on: after which member id, with how many rows per classifier made."""

    after: int
    n_rows: int


_FROM_START = _Start(0, 0)


@dataclass(frozen=True, slots=True)
class _Scored:
    """What one transaction writes, and how far it takes the scoring."""

    rows: list[ScoreRow]
    fates: list[tuple[int, Fate, str]]
    novelties: dict[int, float]
    labelled: list[int]
    done: _Start


@dataclass(frozen=True, slots=True)
class _ToDo:
    """What is left for one container; ``starts`` groups classifiers by where they go on."""

    stale: list[int]
    fresh: list[int]
    starts: dict[_Start, list[int]]


def _to_do(progress: Mapping[int, ScoringState], team: Team) -> _ToDo:
    stale = [i for i, done in progress.items() if team.versions.get(i) != done.version]
    fresh = [i for i in team.classifiers if i not in progress or i in stale]
    starts: dict[_Start, list[int]] = {}
    for i in team.classifiers:
        if i in fresh:
            starts.setdefault(_FROM_START, []).append(i)
        elif not progress[i].complete:
            start = _Start(progress[i].scored_through, progress[i].n_rows)
            starts.setdefault(start, []).append(i)
    return _ToDo(stale, fresh, starts)


def _all_anew(todo: _ToDo, team: Team) -> _ToDo:
    ids = list(team.classifiers)
    return _ToDo(sorted({*todo.stale, *ids}), ids, {_FROM_START: ids} if ids else {})


def _changed_fates(members: Sequence[KnownMember], found: Found) -> list[tuple[int, Fate, str]]:
    told = zip(members, found.verdicts, strict=True)
    return [(m.id, *verdict) for m, verdict in told if (m.fate, m.reason) != verdict]


def _only_finite(found: Found, scores: NDArray[np.float64]) -> tuple[Found, NDArray[np.float64]]:
    """Set aside the members of which some classifier makes no number; trusted ones can do that."""
    finite = np.isfinite(scores).all(axis=1)
    if finite.all():
        return found, scores
    has_vector, verdicts = found.has_vector.copy(), list(found.verdicts)
    for i in np.flatnonzero(found.has_vector)[~finite].tolist():
        has_vector[i], verdicts[i] = False, NO_NUMBER
    return replace(
        found, has_vector=has_vector, vectors=found.vectors[finite], verdicts=verdicts
    ), scores[finite]
