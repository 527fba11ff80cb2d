"""Statements about pictures that are unlike all labelled ones, and which of them are not decided.

Nothing commits. A picture whose novelty is not known is as usual as any.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from shared.batching import iter_batches
from shared.database.bulk import PAGE
from shared.database.members import UNASKED, KnownMember
from shared.database.scores import ScoreTable
from shared.database.tables import (
    AnswerRow,
    ContainerRow,
    DecidedRow,
    EmbeddingRow,
    MemberRow,
    NoveltyRow,
    PictureRow,
    SurveyRow,
    ThresholdRow,
)
from shared.records import ANY_NOVELTY


def judged_pictures(
    connection: Connection, picture_ids: Sequence[int], reference: bytes
) -> frozenset[int]:
    """Return those of the pictures of which it is known how novel they are beside a reference."""
    known: list[int] = []
    for ids in iter_batches(picture_ids, PAGE):
        found = select(NoveltyRow.picture_id).where(
            NoveltyRow.picture_id.in_(ids), NoveltyRow.reference == reference
        )
        known += connection.scalars(found)
    return frozenset(known)


def unjudged_page(connection: Connection, after: int, limit: int) -> list[KnownMember]:
    """Return the survey's next pictures with a vector and without a novelty, by picture id.

    Of each one member stands for all.
    """
    surveyed = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    of_picture = MemberRow.picture_id == PictureRow.id
    has_vector = select(EmbeddingRow.picture_id).where(EmbeddingRow.picture_id == PictureRow.id)
    is_judged = select(NoveltyRow.picture_id).where(NoveltyRow.picture_id == PictureRow.id)
    lies = select(MemberRow.id).where(of_picture, MemberRow.container_id.in_(surveyed))
    rows = connection.execute(
        select(PictureRow.id, PictureRow.hash_id, PictureRow.width, PictureRow.height)
        .where(PictureRow.id > after, has_vector.exists(), ~is_judged.exists(), lies.exists())
        .order_by(PictureRow.id)
        .limit(limit)
    )
    return [KnownMember(i, *UNASKED, i, hash_id, *size) for i, hash_id, *size in rows]


def write_novelties(
    connection: Connection, novelties: Mapping[int, float], reference: bytes
) -> None:
    """Keep how novel pictures are beside a reference, in place of what was known."""
    for some in iter_batches(novelties.items(), PAGE):
        connection.execute(
            delete(NoveltyRow).where(NoveltyRow.picture_id.in_([i for i, _ in some]))
        )
        rows = [{"picture_id": i, "reference": reference, "novelty": one} for i, one in some]
        connection.execute(insert(NoveltyRow), rows)


def forget_novelties(connection: Connection, picture_ids: Iterable[int]) -> None:
    """Forget what was known of pictures that are among the labelled ones by now."""
    for some in iter_batches(picture_ids, PAGE):
        connection.execute(delete(NoveltyRow).where(NoveltyRow.picture_id.in_(some)))


def is_too_novel(
    table: ScoreTable, limit: float | InstrumentedAttribute[float]
) -> ColumnElement[bool]:
    """Choose rows of pictures beyond a limit; none is looked up where that lets all through."""
    novel = (
        select(NoveltyRow.picture_id)
        .join(MemberRow, MemberRow.picture_id == NoveltyRow.picture_id)
        .where(MemberRow.id == table.member_id, NoveltyRow.novelty > limit)
        .correlate(table, ThresholdRow)
    )
    at_all = literal(limit) if isinstance(limit, float) else limit
    return and_(at_all < ANY_NOVELTY, novel.exists())


def has_decided_too_novel(connection: Connection, least: float) -> bool:
    """Tell whether something is decided that is too novel by now, and that nobody has answered.

    No limit in force is below ``least``.
    """
    # First what is novel at all: it is little beside what is decided.
    novel = (
        select(MemberRow.id)
        .join(NoveltyRow, NoveltyRow.picture_id == MemberRow.picture_id)
        .where(NoveltyRow.novelty > least)
    )
    said = select(AnswerRow.tag).where(
        AnswerRow.hash_id == PictureRow.hash_id, AnswerRow.tag == DecidedRow.tag
    )
    decided = (
        select(DecidedRow.tag)
        .join(ThresholdRow, ThresholdRow.tag == DecidedRow.tag)
        .join(MemberRow, MemberRow.id == DecidedRow.member_id)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .join(NoveltyRow, NoveltyRow.picture_id == PictureRow.id)
        .where(
            DecidedRow.member_id.in_(novel),
            NoveltyRow.novelty > ThresholdRow.max_novelty,
            ~said.correlate(PictureRow, DecidedRow).exists(),
        )
    )
    return connection.scalar(decided.limit(1)) is not None


def iter_too_novel_scores(
    connection: Connection, table: ScoreTable, classifier_id: int, limit: float
) -> Iterator[float]:
    """Yield what a classifier says of the pictures beyond a limit."""
    statement = _too_novel(table).where(
        table.classifier_id == classifier_id, NoveltyRow.novelty > limit
    )
    rows = connection.scalars(statement.execution_options(yield_per=PAGE))
    yield from rows


def too_novel_counts(connection: Connection, table: ScoreTable) -> list[tuple[str, int]]:
    """Count the survey's members for which each tag would be decided if they were usual."""
    n_members = func.count()
    surveyed = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    answered = select(AnswerRow.tag).where(
        AnswerRow.hash_id == table.hash_id, AnswerRow.tag == table.tag
    )
    rows = connection.execute(
        _too_novel(table)
        .join(
            ThresholdRow,
            (ThresholdRow.classifier_id == table.classifier_id) & (ThresholdRow.tag == table.tag),
        )
        .where(
            NoveltyRow.novelty > ThresholdRow.max_novelty,
            table.tag_score >= ThresholdRow.threshold,
            MemberRow.container_id.in_(surveyed),
            ~answered.correlate(table).exists(),
        )
        .with_only_columns(table.tag, n_members)
        .group_by(table.tag)
        .order_by(n_members.desc(), table.tag)
    )
    return [(tag, count) for tag, count in rows]


def _too_novel(table: ScoreTable) -> Select[float]:
    return (
        select(table.tag_score)
        .select_from(NoveltyRow)
        .join(MemberRow, MemberRow.picture_id == NoveltyRow.picture_id)
        .join(table, table.member_id == MemberRow.id)
    )
