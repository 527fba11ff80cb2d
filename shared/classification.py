"""Known pictures x classifiers -> score rows and fates, one container at a time.

Only what is missing is scored: a classifier that has finished a container under the same vectors
is left alone, and one that was stopped half-way goes on where it stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.database.containers import touch
from shared.database.engine import Database
from shared.database.members import KnownMember, known_members_page, write_fates
from shared.database.scores import (
    Progress,
    ScoreTable,
    classifier_ids,
    drop_scores,
    finish_scoring,
    note_progress,
    scoring_progress,
    start_scoring,
    write_rows,
)
from shared.database.tables import ZipScoreCache
from shared.estimators import Classifier
from shared.fates import Fate
from shared.hashing import content_digest
from shared.names import extension
from shared.scoring import ScoreBank, fuse
from shared.vectors import Found, VectorSource

ROWS_PER_TRANSACTION = 10_000


@dataclass(frozen=True, slots=True)
class Team:
    """The classifiers of this run by their id in the database, each with its version.

    A version is the digest of the classifier's file and of the vectors that it is applied to:
    where either changes, its scores are stale.
    """

    classifiers: Mapping[int, Classifier]
    versions: Mapping[int, bytes]
    _banks: dict[tuple[int, ...], ScoreBank] = field(default_factory=dict)

    def bank(self, ids: Sequence[int]) -> ScoreBank:
        """Return the fused estimators of some of the classifiers."""
        key = tuple(ids)
        if key not in self._banks:
            self._banks[key] = fuse([self.classifiers[i].estimator for i in ids])
        return self._banks[key]


def gather_team(
    database: Database, classifiers: Sequence[Classifier], vectors_identity: bytes
) -> Team:
    """Give each classifier its id and its version."""
    ids = database.run(classifier_ids, [c.name for c in classifiers])
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

    def score_container(self, container_id: int) -> int:
        """Bring the score rows of one container up to date.

        Returns
        -------
        int
            How many rows were added.
        """
        with self.database.transaction() as connection:
            progress = scoring_progress(connection, container_id)
            todo = _to_do(progress, self.team)
            if not (todo.stale or todo.starts):
                return 0
            touch(connection, container_id)
            drop_scores(connection, self.table, container_id, todo.stale)
            start_scoring(connection, container_id, {i: self.team.versions[i] for i in todo.fresh})
        return sum(
            self._score_members(container_id, after, ids) for after, ids in todo.starts.items()
        )

    def _score_members(self, container_id: int, after: int, ids: Sequence[int]) -> int:
        page = max(1, ROWS_PER_TRANSACTION // len(ids))
        n_rows = 0
        while members := self.database.run(known_members_page, container_id, after, page):
            after = members[-1].id
            n_rows += self._score_page(container_id, members, ids)
        self.database.run(finish_scoring, container_id, ids)
        return n_rows

    def _score_page(
        self, container_id: int, members: Sequence[KnownMember], ids: Sequence[int]
    ) -> int:
        found = self.vectors.find(members)
        scores = self.team.bank(ids).score(found.vectors)
        scored = [m for m, has_vector in zip(members, found.has_vector, strict=True) if has_vector]
        rows = self._rows(scored, ids, scores)
        with self.database.transaction() as connection:
            write_rows(connection, self.table, rows)
            write_fates(connection, _changed_fates(members, found))
            note_progress(connection, container_id, ids, members[-1].id, len(scored))
        return len(rows)

    def _rows(
        self, members: Sequence[KnownMember], ids: Sequence[int], scores: NDArray[np.float64]
    ) -> list[tuple[object, ...]]:
        team = [(i, self.team.classifiers[i]) for i in ids]
        words = [(c.name, c.model_type, c.train_date, c.tag) for _, c in team]
        with_archive = self.table is ZipScoreCache
        rows: list[tuple[object, ...]] = []
        for member, member_scores in zip(members, scores.tolist(), strict=True):
            facts = (
                member.file_name,
                member.file_path,
                extension(member.file_name),
                member.hash_id,
            )
            archive = (member.parent,) if with_archive else ()
            for (i, _), word, score in zip(team, words, member_scores, strict=True):
                rows.append((member.id, i, *facts, *word, score, *archive))
        return rows


@dataclass(frozen=True, slots=True)
class _ToDo:
    """What is left for one container; ``starts`` groups classifiers by where they go on."""

    stale: list[int]
    fresh: list[int]
    starts: dict[int, list[int]]


def _to_do(progress: Mapping[int, Progress], team: Team) -> _ToDo:
    stale = [i for i, done in progress.items() if team.versions.get(i) != done.version]
    fresh = [i for i in team.classifiers if i not in progress or i in stale]
    starts: dict[int, list[int]] = {}
    for i in team.classifiers:
        if i in fresh:
            starts.setdefault(0, []).append(i)
        elif not progress[i].complete:
            starts.setdefault(progress[i].scored_through, []).append(i)
    return _ToDo(stale, fresh, starts)


def _changed_fates(members: Sequence[KnownMember], found: Found) -> list[tuple[int, Fate, str]]:
    verdicts = zip(members, found.fates, found.reasons, strict=True)
    return [
        (m.id, fate, reason) for m, fate, reason in verdicts if (m.fate, m.reason) != (fate, reason)
    ]
