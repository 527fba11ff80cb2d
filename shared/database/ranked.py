"""Statements for reviews: pictures ranked by a tag's scores and paged by key. Nothing commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from shared.batching import iter_batches
from shared.database.bulk import PAGE, pairs
from shared.database.reviewing import Within, has_text, member_conditions
from shared.database.scores import ScoreTable
from shared.database.tables import ClassifierRow, DecidedRow, MemberRow, ThresholdRow
from shared.records import ANY_NOVELTY

Key: TypeAlias = tuple[float, int]
"""A score and a member's id: where a page of ranked pictures ends."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """The classifier that decides a tag, and from which score on; None where no score does.

    Beyond ``max_novelty`` it decides nothing.
    """

    classifier_id: int
    model_name: str
    threshold: float | None
    max_novelty: float = ANY_NOVELTY


@dataclass(frozen=True, slots=True)
class TagRanking:
    """The pictures of a tag as what decides it sees them, and what of them is looked at."""

    table: ScoreTable
    tag: str
    deciding: Deciding
    within: Within


@dataclass(frozen=True, slots=True)
class Ranked:
    """A picture in its place, by the score that the deciding classifier gives it."""

    member_id: int
    score: float
    hash_id: str


@dataclass(frozen=True, slots=True)
class GivenScore:
    """What one classifier says of a picture."""

    tag: str
    model_name: str
    model_type: str
    score: float


def deciding_classifiers(connection: Connection) -> dict[str, Deciding]:
    """Return what decides each tag."""
    rows = connection.execute(
        select(
            ThresholdRow.tag,
            ThresholdRow.classifier_id,
            ClassifierRow.model_name,
            ThresholdRow.threshold,
            ThresholdRow.max_novelty,
        )
        .join(ClassifierRow, ClassifierRow.id == ThresholdRow.classifier_id)
        .order_by(ThresholdRow.tag)
    )
    return {row[0]: Deciding(*row[1:]) for row in rows}


def count_decided(connection: Connection) -> dict[str, int]:
    """Count the members for which each tag was decided when a run last did so."""
    return pairs(connection, select(DecidedRow.tag, func.count()).group_by(DecidedRow.tag))


def ranked_page(
    connection: Connection,
    ranking: TagRanking,
    after: Key | None,
    limit: int,
    *,
    descending: bool = True,
) -> list[Ranked]:
    """Return the pictures that come after a key, by score and then by member.

    Parameters
    ----------
    after : tuple of float and int, or None
        The key of the last one that is not wanted again; None for the first page. A member id
        below all others, or above, asks for what begins with a score.
    """
    table = ranking.table
    found = _ranked(ranking)
    key = tuple_(table.tag_score, table.member_id)
    if after is not None:
        edge = tuple_(*after)
        found = found.where(key < edge if descending else key > edge)
    columns = (table.tag_score, table.member_id)
    ordered = found.order_by(*(one.desc() if descending else one for one in columns))
    return [Ranked(*row) for row in connection.execute(ordered.limit(limit))]


def count_ranked(connection: Connection, ranking: TagRanking) -> int:
    """Count the pictures of a tag that are looked at."""
    counted = _ranked(ranking).with_only_columns(func.count())
    return connection.scalar(counted) or 0


def bin_counts(connection: Connection, ranking: TagRanking, edges: Sequence[float]) -> list[int]:
    """Count the pictures of bins by their lower edges; the last has no upper one."""
    counted = _ranked(ranking).with_only_columns(func.count())
    score = ranking.table.tag_score
    found = []
    # A range of the index at a time takes less than half of what grouping takes.
    for low, high in zip(edges, [*edges[1:], None], strict=True):
        within = counted.where(score >= low)
        within = within if high is None else within.where(score < high)
        found.append(connection.scalar(within) or 0)
    return found


def scores_of(
    connection: Connection, table: ScoreTable, deciding: Deciding, members: Iterable[int]
) -> dict[int, float]:
    """Look up what a classifier says of some members."""
    found: dict[int, float] = {}
    for some in iter_batches(members, PAGE):
        chosen = select(table.member_id, table.tag_score).where(
            table.member_id.in_(some), table.classifier_id == deciding.classifier_id
        )
        found |= pairs(connection, chosen)
    return found


def mean_scores(
    connection: Connection, table: ScoreTable, tag: str, members: Iterable[int]
) -> dict[int, float]:
    """Mean of what all classifiers of a tag say of some members."""
    given: dict[int, list[float]] = {}
    ids: list[int] = []
    for some in iter_batches(members, PAGE):
        ids = ids or _classifiers_of(connection, table, tag, some[0])
        # Asked for the tag, all of its rows would be gone through.
        chosen = select(table.member_id, table.tag_score).where(
            table.member_id.in_(some), table.classifier_id.in_(ids)
        )
        for member_id, score in connection.execute(chosen):
            given.setdefault(member_id, []).append(score)
    return {member_id: sum(scores) / len(scores) for member_id, scores in given.items()}


def _classifiers_of(
    connection: Connection, table: ScoreTable, tag: str, member_id: int
) -> list[int]:
    rows = connection.execute(
        select(table.classifier_id, table.tag).where(table.member_id == member_id)
    )
    return [classifier_id for classifier_id, found in rows if found == tag]


def given_scores(connection: Connection, table: ScoreTable, member_id: int) -> list[GivenScore]:
    """Return what all classifiers say of one member, by tag."""
    columns = (table.tag, table.model_name, table.model_type, table.tag_score)
    chosen = select(*columns).where(table.member_id == member_id)
    return [GivenScore(*row) for row in connection.execute(chosen.order_by(*columns[:2]))]


def _ranked(ranking: TagRanking) -> Select[int, float, str]:
    table = ranking.table
    chosen = select(table.member_id, table.tag_score, table.hash_id).where(
        table.classifier_id == ranking.deciding.classifier_id,
        *_conditions(table, ranking.within),
    )
    # In an archive the tag goes without saying, and by its index all others would be gone through.
    is_everywhere = ranking.within.container_id is None
    return chosen.where(table.tag == ranking.tag) if is_everywhere else chosen


def _conditions(table: ScoreTable, within: Within) -> Iterable[ColumnElement[bool]]:
    if within.low is not None:
        yield table.tag_score >= within.low
    if within.high is not None:
        yield table.tag_score <= within.high
    if within.container_id is not None:
        members = select(MemberRow.id).where(*member_conditions(within))
        yield table.member_id.in_(members)
    if within.text:
        yield has_text(table.file_path, within.text)
