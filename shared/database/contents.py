"""Statements about what a results folder would hold: files, and in how many bins each lies.

Nothing commits, and nothing here knows of folders.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from shared.database.bulk import PAGE
from shared.database.novelties import is_too_novel
from shared.database.scores import ScoreTable
from shared.database.surveys import IS_READ
from shared.database.tables import ContainerRow, MemberRow, PictureRow, Stands, SurveyRow
from shared.errors import Fate

Hurdles: TypeAlias = Mapping[int, tuple[float, float]]
"""By the id of a classifier: its least score, and the greatest novelty."""
_SHOWN = (Fate.SCORED, Fate.PENDING)


@dataclass(frozen=True, slots=True)
class Unread:
    """What a survey has found that is not read yet: entries as they are declared, and bytes."""

    n_containers: int
    n_entries: int
    n_bytes: int


def unread_totals(connection: Connection) -> Unread:
    """Count what the survey has found and no run has read."""
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(SurveyRow.n_entries), 0),
            func.coalesce(func.sum(SurveyRow.n_bytes), 0),
        ).where(~IS_READ)
    ).one()
    return Unread(*map(int, row))


def iter_contents(connection: Connection) -> Iterator[tuple[bytes, int, int]]:
    """Yield the files of all pictures that can be shown: digest, bytes, number of pictures."""
    statement = _contents().where(MemberRow.fate.in_(_SHOWN))
    rows = connection.execute(statement.execution_options(yield_per=PAGE))
    return ((digest, n_bytes, count) for digest, n_bytes, count in rows)


def iter_cleared(
    connection: Connection, table: ScoreTable, hurdles: Hurdles
) -> Iterator[tuple[bytes, int, int]]:
    """Yield the same of those to which some classifier gives at least a score."""
    cleared = select(table.member_id).where(_clears(table, hurdles))
    statement = _contents().where(MemberRow.fate == Fate.SCORED, MemberRow.id.in_(cleared))
    rows = connection.execute(statement.execution_options(yield_per=PAGE))
    return ((digest, n_bytes, count) for digest, n_bytes, count in rows)


def count_cleared(connection: Connection, table: ScoreTable, hurdles: Hurdles) -> dict[int, int]:
    """Count the pictures to which each classifier gives at least its score."""
    rows = connection.execute(
        select(table.classifier_id, func.count())
        .join(MemberRow, MemberRow.id == table.member_id)
        .where(_clears(table, hurdles), MemberRow.container_id.in_(_standing()))
        .group_by(table.classifier_id)
    )
    return {row[0]: row[1] for row in rows}


def count_cleared_pictures(connection: Connection, table: ScoreTable, hurdles: Hurdles) -> int:
    """Count the pictures to which some classifier gives at least its score."""
    cleared = select(table.member_id).where(_clears(table, hurdles))
    counted = select(func.count()).where(
        MemberRow.container_id.in_(_standing()), MemberRow.id.in_(cleared)
    )
    return connection.scalar(counted) or 0


def _contents() -> Select[bytes, int, int]:
    return (
        select(PictureRow.content_sha256, PictureRow.n_bytes, func.count())
        .join(MemberRow, MemberRow.picture_id == PictureRow.id)
        .where(MemberRow.container_id.in_(_standing()))
        .group_by(PictureRow.id)
    )


def _standing() -> Select[int]:
    joined = SurveyRow.address == ContainerRow.address
    return select(ContainerRow.id).join(SurveyRow, joined).where(SurveyRow.stands == Stands.ALL)


def _clears(table: ScoreTable, hurdles: Hurdles) -> ColumnElement[bool]:
    by_score: dict[tuple[float, float], list[int]] = defaultdict(list)
    for classifier_id, hurdle in hurdles.items():
        by_score[hurdle].append(classifier_id)
    return or_(
        *(
            and_(
                table.classifier_id.in_(ids),
                table.tag_score >= least,
                ~is_too_novel(table, max_novelty),
            )
            for (least, max_novelty), ids in by_score.items()
        )
    )
