"""Statements about the pictures in a results folder: under which names, and ranked by a score.

A table that lives with the transaction's connection joins the folder's names to the scores, so that
neither is held in memory. Nothing commits.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Join,
    MetaData,
    Select,
    Table,
    insert,
    join,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from shared.batching import iter_batches
from shared.database.base import ODD_REMEDY
from shared.database.bulk import PAGE, ids_of
from shared.database.column_types import BigNumberColumn, TextColumn, name_columns
from shared.database.scores import ScoreTable
from shared.database.tables import AnswerRow, ClassifierRow, DecidedRow, MemberRow

_OURS = MetaData()
PLACED = Table(
    "placed",
    _OURS,
    Column("member_id", BigNumberColumn, primary_key=True, autoincrement=False),
    Column("position", BigNumberColumn, unique=True),
    Column("place", TextColumn),
    Column("image_file", TextColumn),
    prefixes=["TEMPORARY"],
)
"""Each member of a results folder: where it lies there, and its name, in the folder's order."""
name_columns(_OURS, ODD_REMEDY)


@dataclass(frozen=True, slots=True)
class RankedPicture:
    """A placed picture and its score; ``has_tag`` is what a person said of it, if anything."""

    file_path: str
    image_file: str
    score: float
    has_tag: bool | None


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """The placed pictures as one classifier sees them.

    Where there is a ``hurdle``, only those to which a classifier, by id, gives at least that score,
    and those of which a person has said whether they have the tag.
    """

    table: ScoreTable
    tag: str
    classifier_id: int
    hurdle: tuple[int, float] | None = None

    def iter_best(self, connection: Connection, limit: int) -> Iterator[RankedPicture]:
        """Yield so many pictures, the highest score first."""
        return self.iter_within(connection, None, None, limit)

    def iter_within(
        self, connection: Connection, low: float | None, high: float | None, limit: int
    ) -> Iterator[RankedPicture]:
        """Yield the best pictures above ``low`` and up to ``high``, where there are such bounds."""
        score, chosen = self.table.tag_score, self._pictures()
        chosen = chosen if low is None else chosen.where(score > low)
        chosen = chosen if high is None else chosen.where(score <= high)
        return self._iter(connection, chosen.order_by(score.desc(), PLACED.c.position), limit)

    def iter_next_to(
        self, connection: Connection, threshold: float, limit: int, *, above: bool
    ) -> Iterator[RankedPicture]:
        """Yield the pictures on one side of a threshold, the nearest first."""
        score = self.table.tag_score
        side = score >= threshold if above else score < threshold
        order = score if above else score.desc()
        chosen = self._pictures().where(side).order_by(order, PLACED.c.position)
        return self._iter(connection, chosen, limit)

    @property
    def _joined(self) -> Join:
        return join(self.table, PLACED, PLACED.c.member_id == self.table.member_id)

    @property
    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        ours = self.table.tag == self.tag, self.table.classifier_id == self.classifier_id
        return (*ours, self._is_over(*self.hurdle)) if self.hurdle else ours

    def _is_over(self, classifier_id: int, least: float) -> ColumnElement[bool]:
        judged = aliased(self.table)
        by_judge = select(judged.member_id).where(
            judged.member_id == self.table.member_id,
            judged.classifier_id == classifier_id,
            judged.tag_score >= least,
        )
        answered = select(AnswerRow.tag).where(
            AnswerRow.hash_id == self.table.hash_id, AnswerRow.tag == self.table.tag
        )
        return or_(by_judge.correlate(self.table).exists(), answered.correlate(self.table).exists())

    def _pictures(self) -> Select[str, str, float, bool]:
        return self._all().where(*self._ours)

    def _all(self) -> Select[str, str, float, bool]:
        answered = (AnswerRow.hash_id == self.table.hash_id) & (AnswerRow.tag == self.table.tag)
        return select(
            self.table.file_path, PLACED.c.image_file, self.table.tag_score, AnswerRow.has_tag
        ).select_from(self._joined.outerjoin(AnswerRow, answered))

    def _iter(
        self, connection: Connection, statement: Select[str, str, float, bool], limit: int | None
    ) -> Iterator[RankedPicture]:
        rows = connection.execute(statement.limit(limit).execution_options(yield_per=PAGE))
        return itertools.starmap(RankedPicture, rows)


def note_placed(connection: Connection, placed: Iterable[tuple[str, str, str]]) -> None:
    """Have at hand what lies in a results folder, in its order.

    Of each picture ``placed`` tells its address, one folder in which it lies, and its name there.
    """
    forget_placed(connection)
    PLACED.create(connection, checkfirst=False)
    first = 0
    for some in iter_batches(placed, PAGE):
        ids = ids_of(connection, MemberRow.file_path, MemberRow.id, (path for path, *_ in some))
        rows = [
            {"member_id": ids[path], "position": position, "place": place, "image_file": name}
            for position, (path, place, name) in enumerate(some, first)
            if path in ids
        ]
        if rows:
            connection.execute(insert(PLACED), rows)
        first += len(some)


def iter_placed(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Yield what `note_placed` was told, in that order."""
    rows = connection.execute(
        select(MemberRow.file_path, PLACED.c.place, PLACED.c.image_file)
        .join(PLACED, PLACED.c.member_id == MemberRow.id)
        .order_by(PLACED.c.position)
        .execution_options(yield_per=PAGE)
    )
    return ((file_path, place, name) for file_path, place, name in rows)


def iter_placed_tags(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield address and tag of each placed picture for which one is decided, as in the folder."""
    rows = connection.execute(
        select(MemberRow.file_path, DecidedRow.tag)
        .select_from(PLACED)
        .join(DecidedRow, DecidedRow.member_id == PLACED.c.member_id)
        .join(MemberRow, MemberRow.id == PLACED.c.member_id)
        .order_by(PLACED.c.position, DecidedRow.tag)
        .execution_options(yield_per=PAGE)
    )
    return ((file_path, tag) for file_path, tag in rows)


def forget_placed(connection: Connection) -> None:
    """Let go of the names."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS placed")


def classifiers_by_name(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Ids of the classifiers that have scored something, by name."""
    return ids_of(connection, ClassifierRow.model_name, ClassifierRow.id, names)
