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
    and_,
    func,
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
from shared.database.novelties import is_too_novel
from shared.database.scores import ScoreTable
from shared.database.tables import AnswerRow, ClassifierRow, DecidedRow, MemberRow, NoveltyRow

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
    """A placed picture and its score; ``has_tag`` is what a person said of it, if anything.

    Of one that is labelled, or was never compared with those that are, no novelty is known.
    """

    file_path: str
    image_file: str
    score: float
    has_tag: bool | None
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """The placed pictures as one classifier sees them.

    Where there is a ``hurdle``, only those to which a classifier, by id, gives at least that score,
    up to a novelty, and those of which a person has said whether they have the tag.
    """

    table: ScoreTable
    tag: str
    classifier_id: int
    hurdle: tuple[int, float, float] | None = None

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

    def _is_over(self, classifier_id: int, least: float, max_novelty: float) -> ColumnElement[bool]:
        judged = aliased(self.table)
        by_judge = select(judged.member_id).where(
            judged.member_id == self.table.member_id,
            judged.classifier_id == classifier_id,
            judged.tag_score >= least,
        )
        answered = select(AnswerRow.tag).where(
            AnswerRow.hash_id == self.table.hash_id, AnswerRow.tag == self.table.tag
        )
        is_over = and_(
            by_judge.correlate(self.table).exists(), ~is_too_novel(self.table, max_novelty)
        )
        return or_(is_over, answered.correlate(self.table).exists())

    def _pictures(self) -> Select[str, str, float, bool, float]:
        return self._all().where(*self._ours)

    def _all(self) -> Select[str, str, float, bool, float]:
        answered = (AnswerRow.hash_id == self.table.hash_id) & (AnswerRow.tag == self.table.tag)
        return select(
            self.table.file_path,
            PLACED.c.image_file,
            self.table.tag_score,
            AnswerRow.has_tag,
            NoveltyRow.novelty,
        ).select_from(
            self._joined.outerjoin(AnswerRow, answered)
            .outerjoin(MemberRow, MemberRow.id == self.table.member_id)
            .outerjoin(NoveltyRow, NoveltyRow.picture_id == MemberRow.picture_id)
        )

    def _iter(
        self,
        connection: Connection,
        statement: Select[str, str, float, bool, float],
        limit: int | None,
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


@dataclass(frozen=True, slots=True)
class PlacedNovelty:
    """A placed picture: one folder in which it lies, its name there, its novelty if it is known."""

    file_path: str
    place: str
    image_file: str
    novelty: float | None


def iter_placed(connection: Connection) -> Iterator[PlacedNovelty]:
    """Yield what `note_placed` was told, in that order."""
    ordered = _placed().order_by(PLACED.c.position)
    rows = connection.execute(ordered.execution_options(yield_per=PAGE))
    return itertools.starmap(PlacedNovelty, rows)


def most_novel(connection: Connection, beyond: float, limit: int) -> list[PlacedNovelty]:
    """Return so many of the placed pictures beyond a novelty, the most novel first."""
    ordered = _placed().order_by(NoveltyRow.novelty.desc(), PLACED.c.position)
    rows = connection.execute(ordered.where(NoveltyRow.novelty > beyond).limit(limit))
    return [PlacedNovelty(*row) for row in rows]


def count_novel(connection: Connection, beyond: float) -> int:
    """Count the placed pictures beyond a novelty."""
    counted = _placed().with_only_columns(func.count()).where(NoveltyRow.novelty > beyond)
    return connection.scalar(counted) or 0


def _placed() -> Select[str, str, str, float]:
    return (
        select(MemberRow.file_path, PLACED.c.place, PLACED.c.image_file, NoveltyRow.novelty)
        .select_from(PLACED)
        .join(MemberRow, MemberRow.id == PLACED.c.member_id)
        .outerjoin(NoveltyRow, NoveltyRow.picture_id == MemberRow.picture_id)
    )


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


def placed_tags(connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Look up the tags that are decided for some placed pictures, by address."""
    found: dict[str, tuple[str, ...]] = {}
    for some in iter_batches(addresses, PAGE):
        rows = connection.execute(
            select(MemberRow.file_path, DecidedRow.tag)
            .join(DecidedRow, DecidedRow.member_id == MemberRow.id)
            .where(MemberRow.file_path.in_(some))
            .order_by(MemberRow.file_path, DecidedRow.tag)
        )
        for address, tag in rows:
            found[address] = (*found.get(address, ()), tag)
    return found


def forget_placed(connection: Connection) -> None:
    """Let go of the names."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS placed")


def classifiers_by_name(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Ids of the classifiers that have scored something, by name."""
    return ids_of(connection, ClassifierRow.model_name, ClassifierRow.id, names)
