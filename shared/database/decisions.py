"""Statements about decided tags: the thresholds in force, people's answers, what has changed.

Nothing commits. What is decided follows from scores, thresholds and answers (see `views`); the
tables `decided` and `changes` tell only how it was when a run last looked.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    delete,
    false,
    func,
    insert,
    select,
    sql,
    true,
    update,
)

from shared.batching import iter_batches
from shared.database.bulk import PAGE
from shared.database.novelties import is_too_novel
from shared.database.scores import ScoreTable
from shared.database.tables import (
    AnswerRow,
    Base,
    ChangeRow,
    ContainerRow,
    DecidedRow,
    EstimateRow,
    MemberRow,
    ScoringRow,
    SurveyRow,
    ThresholdRow,
)
from shared.database.views import ARCHIVE_TAGS, TAGS
from shared.records import ANY_NOVELTY

Said = Mapping[tuple[str, str], bool]
"""Whether a picture has a tag, by its hash and the tag."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A row of `thresholds`: which classifier decides a tag, and from which score on.

    ``threshold`` is None where no score reaches what was asked for: then nothing is decided.
    Nor is a picture of a greater novelty than ``max_novelty``, unless a person has answered.
    """

    tag: str
    classifier_id: int
    version: bytes
    threshold: float | None
    chosen_by: str
    max_novelty: float = ANY_NOVELTY


@dataclass(frozen=True, slots=True)
class TagEstimate:
    """A row of `estimates`; what is None cannot be told."""

    tag: str
    n_pictures: int
    decided_share: float
    mean_score: float
    mean_score_before: float | None = None
    trained_decided_share: float | None = None
    trained_mean_score: float | None = None
    trained_share: float | None = None
    trained_precision: float | None = None
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    precision: float | None = None
    precision_low: float | None = None
    precision_high: float | None = None
    threshold_95: float | None = None
    n_too_novel: int = 0


@dataclass(frozen=True, slots=True)
class TagChange:
    """How many members have gained and lost a tag."""

    tag: str
    n_gained: int
    n_lost: int


@dataclass(frozen=True, slots=True)
class Change:
    """A member that has gained or lost a tag; ``score`` is what the deciding classifier says now.

    It is None where none decides any more.
    """

    file_path: str
    tag: str
    is_gained: bool
    score: float | None


@dataclass(frozen=True, slots=True)
class ArchiveTag:
    """What stands of a tag in an archive, with all that is nested in it; ``best`` is an address."""

    archive_path: str
    tag: str
    n_pictures: int
    n_decided: int
    share: float
    mean_score: float
    best_score: float
    best: str


def thresholds_in_force(connection: Connection) -> list[InForce]:
    """Return the thresholds of all tags, by tag."""
    columns = (
        ThresholdRow.tag,
        ThresholdRow.classifier_id,
        ThresholdRow.version,
        ThresholdRow.threshold,
        ThresholdRow.chosen_by,
        ThresholdRow.max_novelty,
    )
    rows = connection.execute(select(*columns).order_by(ThresholdRow.tag))
    return [InForce(*row) for row in rows]


def with_others(connection: Connection, ours: Sequence[InForce]) -> list[InForce]:
    """Add to a run's thresholds those of other tags, where their classifiers have rows yet.

    They decide what other directories hold, which have other classifiers.
    """
    tags, classifiers = {one.tag for one in ours}, {one.classifier_id for one in ours}
    others = [
        one
        for one in thresholds_in_force(connection)
        if one.tag not in tags
        and one.classifier_id not in classifiers
        and _has_scored(connection, one)
    ]
    return sorted([*ours, *others], key=lambda one: one.tag)


def _has_scored(connection: Connection, one: InForce) -> bool:
    of_it = select(ScoringRow.classifier_id).where(ScoringRow.classifier_id == one.classifier_id)
    return connection.scalar(of_it.limit(1)) is not None


def answers_in_force(connection: Connection) -> dict[tuple[str, str], bool]:
    """Return what people said, as far as an earlier run has taken it over."""
    rows = connection.execute(select(AnswerRow.hash_id, AnswerRow.tag, AnswerRow.has_tag))
    return {(hash_id, tag): has_tag for hash_id, tag, has_tag in rows}


def has_undecided(connection: Connection) -> bool:
    """Tell whether some container of the survey has come since a run last decided."""
    undecided = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    return connection.scalar(undecided.where(~ContainerRow.is_decided).limit(1)) is not None


def put_in_force(connection: Connection, thresholds: Sequence[InForce], answers: Said) -> None:
    """Make these the thresholds and the answers, all of them."""
    connection.execute(delete(ThresholdRow))
    _insert(connection, ThresholdRow, map(asdict, thresholds))
    connection.execute(delete(AnswerRow))
    rows = ({"hash_id": h, "tag": t, "has_tag": has} for (h, t), has in answers.items())
    _insert(connection, AnswerRow, rows)


def has_old_estimates(connection: Connection, classifiers: Mapping[int, str]) -> bool:
    """Tell whether rows have come or gone since estimates of tags were made from them.

    ``classifiers`` are the tags that estimates are made of, by the id of the one that decides.
    """
    columns = (ScoringRow.classifier_id, func.sum(ScoringRow.n_rows))
    rows = connection.execute(select(*columns).group_by(ScoringRow.classifier_id))
    standing = {classifiers[i]: n_rows for i, n_rows in rows if i in classifiers and n_rows}
    told = connection.execute(select(EstimateRow.tag, EstimateRow.n_pictures))
    tags = set(classifiers.values())
    return {tag: n_pictures for tag, n_pictures in told if tag in tags} != standing


def note_estimates(
    connection: Connection, tags: Sequence[str], estimates: Sequence[TagEstimate]
) -> None:
    """Tell what scores tell of tags in the collection, in place of what was told of them."""
    for some in iter_batches(tags, PAGE):
        connection.execute(delete(EstimateRow).where(EstimateRow.tag.in_(some)))
    _insert(connection, EstimateRow, map(asdict, estimates))


def estimates_told(connection: Connection) -> list[TagEstimate]:
    """Return what is told of the tags that have a threshold in force, by tag."""
    columns = [getattr(EstimateRow, one.name) for one in fields(TagEstimate)]
    in_force = select(*columns).join(ThresholdRow, ThresholdRow.tag == EstimateRow.tag)
    rows = connection.execute(in_force.order_by(EstimateRow.tag))
    return [TagEstimate(*row) for row in rows]


def decide(connection: Connection, table: ScoreTable) -> list[TagChange]:
    """Find out what is decided by what is in force, and what of that is not as it was.

    What came in a container that no run has decided upon is new, and no change.

    Returns
    -------
    list of TagChange
        By tag; none of tags without changes.
    """
    changed = ["member_id", "tag", "is_gained"]
    connection.execute(delete(ChangeRow))
    connection.execute(insert(ChangeRow).from_select(changed, _lost(table)))
    new = _new(table)
    if connection.scalar(select(ContainerRow.id).where(ContainerRow.is_decided).limit(1)):
        gained = new.with_only_columns(*new.selected_columns[:2], true())
        connection.execute(insert(ChangeRow).from_select(changed, gained))
    connection.execute(_mark_decided())
    connection.execute(delete(DecidedRow).where(_is_lost()))
    connection.execute(insert(DecidedRow).from_select(["member_id", "tag", "container_id"], new))
    n_gained = func.count().filter(ChangeRow.is_gained)
    counted = select(ChangeRow.tag, n_gained, func.count() - n_gained)
    rows = connection.execute(counted.group_by(ChangeRow.tag).order_by(ChangeRow.tag))
    return [TagChange(*row) for row in rows]


def decided_counts(connection: Connection) -> list[tuple[str, int]]:
    """Count the members of the survey's containers for which each tag is decided, most first."""
    n_members = func.count()
    rows = connection.execute(
        select(DecidedRow.tag, n_members)
        .where(DecidedRow.container_id.in_(_surveyed()))
        .group_by(DecidedRow.tag)
        .order_by(n_members.desc(), DecidedRow.tag)
    )
    return [(tag, count) for tag, count in rows]


def iter_changes(connection: Connection, table: ScoreTable) -> Iterator[Change]:
    """Yield what has changed in the survey's containers when a run last decided anew."""
    rows = connection.execute(
        select(MemberRow.file_path, ChangeRow.tag, ChangeRow.is_gained, table.tag_score)
        .join(MemberRow, MemberRow.id == ChangeRow.member_id)
        .outerjoin(ThresholdRow, ThresholdRow.tag == ChangeRow.tag)
        .outerjoin(
            table,
            (table.member_id == ChangeRow.member_id)
            & (table.classifier_id == ThresholdRow.classifier_id),
        )
        .where(MemberRow.container_id.in_(_surveyed()))
        .order_by(ChangeRow.member_id, ChangeRow.tag)
        .execution_options(yield_per=PAGE)
    )
    return itertools.starmap(Change, rows)


def iter_archive_tags(connection: Connection) -> Iterator[ArchiveTag]:
    """Yield what the view tells of the archives that were surveyed, and of those in them."""
    ours = select(MemberRow.parent).where(MemberRow.container_id.in_(_surveyed()))
    rows = connection.execute(
        select(ARCHIVE_TAGS)
        .where(ARCHIVE_TAGS.c.archive_path.in_(ours))
        .order_by(ARCHIVE_TAGS.c.archive_path, ARCHIVE_TAGS.c.tag)
        .execution_options(yield_per=PAGE)
    )
    return itertools.starmap(ArchiveTag, rows)


def decisions_digest(thresholds: Sequence[InForce], answers: Said) -> bytes:
    """Digest of all that scores are decided by."""
    return hashlib.sha256(repr((thresholds, sorted(answers.items()))).encode()).digest()


def _surveyed() -> Select[int]:
    return select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)


def _lost(table: ScoreTable) -> Select[int, str, bool]:
    """Choose what was decided and is not any more."""
    by_score = and_(
        table.tag_score >= ThresholdRow.threshold,
        ~is_too_novel(table, ThresholdRow.max_novelty),
    )
    still = (
        select(ThresholdRow.tag)
        .join(
            table,
            (table.classifier_id == ThresholdRow.classifier_id) & (table.tag == ThresholdRow.tag),
        )
        .outerjoin(AnswerRow, (AnswerRow.hash_id == table.hash_id) & (AnswerRow.tag == table.tag))
        .where(
            ThresholdRow.tag == DecidedRow.tag,
            table.member_id == DecidedRow.member_id,
            func.coalesce(AnswerRow.has_tag, by_score),
        )
        .correlate(DecidedRow)
    )
    return select(DecidedRow.member_id, DecidedRow.tag, false()).where(~still.exists())


def _new(table: ScoreTable) -> Select[int, str, int]:
    """Choose what is decided and was not, in containers that a run has decided upon."""
    tags = sql.table(TAGS[table.__tablename__], sql.column("member_id"), sql.column("tag"))
    was = (
        select(DecidedRow.tag)
        .where(DecidedRow.member_id == tags.c.member_id, DecidedRow.tag == tags.c.tag)
        .correlate(tags)
    )
    return (
        select(tags.c.member_id, tags.c.tag, MemberRow.container_id)
        .join(MemberRow, MemberRow.id == tags.c.member_id)
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .where(~was.exists(), ContainerRow.is_decided)
    )


def _is_lost() -> ColumnElement[bool]:
    changed = select(ChangeRow.tag).where(
        ChangeRow.member_id == DecidedRow.member_id,
        ChangeRow.tag == DecidedRow.tag,
        ~ChangeRow.is_gained,
    )
    return changed.correlate(DecidedRow).exists()


def _mark_decided() -> Update:
    new = ~ContainerRow.is_decided & ContainerRow.address.in_(select(SurveyRow.address))
    return update(ContainerRow).where(new).values(is_decided=True)


def _insert(
    connection: Connection, table: type[Base], rows: Iterable[Mapping[str, object]]
) -> None:
    for some in iter_batches(rows, PAGE):
        connection.execute(insert(table), some)
