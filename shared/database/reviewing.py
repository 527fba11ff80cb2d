"""Statements for reviews: pictures ranked by a score and paged by key, their facts, their places.

A page costs what it holds, not what lies before it: each begins after a key, never at an offset.
Nothing commits, and nothing is held in memory but a page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    func,
    inspect,
    or_,
    select,
    tuple_,
)

from shared.batching import iter_batches
from shared.database.bulk import PAGE, ids_of
from shared.database.members import UNASKED, KnownMember, entry_key
from shared.database.scores import ScoreTable
from shared.database.surveys import READ_TO_ITS_END
from shared.database.tables import (
    Base,
    ClassifierRow,
    ContainerRow,
    DatasetCache,
    DecidedRow,
    MemberRow,
    NoveltyRow,
    PictureRow,
    ScoreCache,
    ScoringRow,
    ThresholdRow,
    ZipScoreCache,
)
from shared.errors import Fate
from shared.names import NESTED
from shared.records import ANY_NOVELTY, EntryKey

ReviewedTable: TypeAlias = type[ZipScoreCache] | type[ScoreCache] | type[DatasetCache]
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
class Within:
    """What of a tag's pictures is looked at: scores from ``low`` to ``high``, some archive's.

    ``container_id`` and ``parent`` are those of an archive: the former finds it at once, the
    latter, an address, leaves out what is not in it. ``text`` is part of an address.
    """

    low: float | None = None
    high: float | None = None
    container_id: int | None = None
    parent: str | None = None
    text: str = ""


EVERYWHERE = Within()


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
class PlacedPicture:
    """What is known of a picture in its place; ``container`` is what it is read from.

    ``novelty`` is None where it is labelled, or was never compared with what is.
    """

    member_id: int
    container: str
    container_id: int
    key: EntryKey
    file_path: str
    parent: str
    file_name: str
    picture_id: int
    format: str
    hash_id: str
    content_sha256: bytes
    width: int
    height: int
    n_bytes: int
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class GivenScore:
    """What one classifier says of a picture."""

    tag: str
    model_name: str
    model_type: str
    score: float


def holds(connection: Connection, table: type[Base]) -> bool:
    """Tell whether a contract table is there."""
    return inspect(connection).has_table(table.__tablename__)


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
    return _pairs(connection, select(DecidedRow.tag, func.count()).group_by(DecidedRow.tag))


def changes(connection: Connection) -> str:
    """Return what a PostgreSQL server tells otherwise once somebody has written to it."""
    return str(connection.scalar(select(cast(func.pg_current_snapshot(), Text))))


def count_places(connection: Connection) -> tuple[int, int]:
    """Count the pictures, each in its place, and the containers."""
    pictures = select(func.count()).select_from(MemberRow).where(MemberRow.picture_id.is_not(None))
    containers = select(func.count()).select_from(ContainerRow)
    return connection.scalar(pictures) or 0, connection.scalar(containers) or 0


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
        found |= _pairs(connection, chosen)
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


def placed_pictures(connection: Connection, members: Iterable[int]) -> dict[int, PlacedPicture]:
    """Look up the facts of some pictures, by member."""
    found: dict[int, PlacedPicture] = {}
    for some in iter_batches(members, PAGE):
        for row in connection.execute(_placed().where(MemberRow.id.in_(some))):
            found[row.id] = _placed_picture(row)
    return found


def first_places(
    connection: Connection, hashes: Iterable[str], within: Within = EVERYWHERE
) -> dict[str, int]:
    """Find one member that shows each picture, by the hash of its pixels."""
    found: dict[str, int] = {}
    for some in iter_batches(hashes, PAGE):
        chosen = (
            select(PictureRow.hash_id, func.min(MemberRow.id))
            .join(MemberRow, MemberRow.picture_id == PictureRow.id)
            .where(PictureRow.hash_id.in_(some), *_member_conditions(within), *_texts(within))
            .group_by(PictureRow.hash_id)
        )
        found |= _pairs(connection, chosen)
    return found


def count_copies(connection: Connection, hashes: Iterable[str]) -> dict[str, int]:
    """Count the places of pictures, by the hash of their pixels."""
    found: dict[str, int] = {}
    for some in iter_batches(hashes, PAGE):
        chosen = (
            select(PictureRow.hash_id, func.count())
            .join(MemberRow, MemberRow.picture_id == PictureRow.id)
            .where(PictureRow.hash_id.in_(some))
            .group_by(PictureRow.hash_id)
        )
        found |= _pairs(connection, chosen)
    return found


def pictures_page(connection: Connection, after: int, limit: int) -> list[KnownMember]:
    """Return the next pictures that lie somewhere, by id, as scoring asks for their vectors."""
    lies = select(MemberRow.id).where(MemberRow.picture_id == PictureRow.id).exists()
    columns = (PictureRow.id, PictureRow.hash_id, PictureRow.width, PictureRow.height)
    chosen = select(*columns).where(PictureRow.id > after, lies)
    rows = connection.execute(chosen.order_by(PictureRow.id).limit(limit))
    return [KnownMember(row[0], *UNASKED, row[0], row[1], row[2], row[3]) for row in rows]


def newest_picture(connection: Connection) -> int:
    """Id of the picture that came last; 0 where there is none."""
    return connection.scalar(select(func.max(PictureRow.id))) or 0


def places_of(connection: Connection, pictures: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Find one member that shows each picture, and the hash of its pixels, by picture id."""
    found: dict[int, tuple[int, str]] = {}
    for some in iter_batches(pictures, PAGE):
        rows = connection.execute(
            select(PictureRow.id, func.min(MemberRow.id), PictureRow.hash_id)
            .join(MemberRow, MemberRow.picture_id == PictureRow.id)
            .where(PictureRow.id.in_(some))
            .group_by(PictureRow.id)
        )
        found |= {picture_id: (member_id, hash_id) for picture_id, member_id, hash_id in rows}
    return found


def rescorable(connection: Connection, classifiers: Sequence[int]) -> list[int]:
    """Containers that were read to their end and scored by none but these classifiers."""
    others = select(ScoringRow.container_id).where(
        ScoringRow.container_id == ContainerRow.id, ScoringRow.classifier_id.not_in(classifiers)
    )
    chosen = select(ContainerRow.id).where(
        ContainerRow.state.in_(READ_TO_ITS_END), ContainerRow.fate.is_(None), ~others.exists()
    )
    return list(connection.scalars(chosen.order_by(ContainerRow.id)))


def members_page(
    connection: Connection, within: Within, after: int, limit: int, n_looked_at: int
) -> tuple[list[PlacedPicture], int | None]:
    """Return the next members with a picture, by id; of so many at most that are looked at.

    Returns
    -------
    list of PlacedPicture
        Those that are wanted.
    int or None
        The id that was looked at last; None where there are no more.
    """
    ahead = select(MemberRow.id).where(MemberRow.id > after, *_member_conditions(within))
    end = connection.scalar(
        ahead.order_by(MemberRow.id).offset(n_looked_at - 1).limit(1)  # ids alone are read for it
    )
    chosen = _placed().where(MemberRow.id > after, *_member_conditions(within))
    if end is not None:
        chosen = chosen.where(MemberRow.id <= end)
    chosen = chosen.where(*_texts(within))
    rows = connection.execute(chosen.order_by(MemberRow.id).limit(limit)).all()
    found = [_placed_picture(row) for row in rows]
    return found, found[-1].member_id if len(found) == limit else end


def container_of(connection: Connection, container_id: int) -> str | None:
    """Address of a container."""
    return connection.scalar(select(ContainerRow.address).where(ContainerRow.id == container_id))


def nested_archive(connection: Connection, member_id: int) -> tuple[int, str] | None:
    """Container and address of an archive that is an entry of another."""
    row = connection.execute(
        select(MemberRow.container_id, MemberRow.file_path).where(
            MemberRow.id == member_id, MemberRow.fate == Fate.ARCHIVE
        )
    ).first()
    return (row[0], row[1]) if row else None


def nested_ids(connection: Connection, addresses: Iterable[str]) -> dict[str, int]:
    """Members that archives in archives are, by address."""
    return ids_of(connection, MemberRow.file_path, MemberRow.id, addresses)


def containers_page(connection: Connection, after: str, limit: int) -> list[tuple[int, str]]:
    """Return the next archives that could be read, id and address, by address."""
    rows = connection.execute(
        select(ContainerRow.id, ContainerRow.address)
        .where(ContainerRow.address > after, ContainerRow.fate.is_(None))
        .order_by(ContainerRow.address)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def container_addresses(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Addresses of containers."""
    found: dict[int, str] = {}
    for some in iter_batches(ids, PAGE):
        chosen = select(ContainerRow.id, ContainerRow.address).where(ContainerRow.id.in_(some))
        found |= _pairs(connection, chosen)
    return found


def container_counts(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    """Count the pictures of containers, each in its place."""
    found: dict[int, int] = {}
    for some in iter_batches(ids, PAGE):
        chosen = (
            select(MemberRow.container_id, func.count())
            .where(MemberRow.container_id.in_(some), MemberRow.picture_id.is_not(None))
            .group_by(MemberRow.container_id)
        )
        found |= _pairs(connection, chosen)
    return found


def decided_in(connection: Connection, ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """Count what was decided of each tag in containers."""
    found: dict[tuple[int, str], int] = {}
    for some in iter_batches(ids, PAGE):
        rows = connection.execute(
            select(MemberRow.container_id, DecidedRow.tag, func.count())
            .join(DecidedRow, DecidedRow.member_id == MemberRow.id)
            .where(MemberRow.container_id.in_(some))
            .group_by(MemberRow.container_id, DecidedRow.tag)
        )
        found |= {(container_id, tag): count for container_id, tag, count in rows}
    return found


def tag_shares(connection: Connection, tag: str) -> list[tuple[int, float]]:
    """Share of each container's pictures for which a tag was decided; of those that have some."""
    counted = (
        select(DecidedRow.container_id, func.count().label("n_decided"))
        .where(DecidedRow.tag == tag)
        .group_by(DecidedRow.container_id)
        .subquery()
    )
    rows = connection.execute(
        select(counted.c.container_id, counted.c.n_decided, func.count())
        .join(MemberRow, MemberRow.container_id == counted.c.container_id)
        .where(MemberRow.picture_id.is_not(None))
        .group_by(counted.c.container_id, counted.c.n_decided)
    )
    return [(container_id, n_decided / total) for container_id, n_decided, total in rows]


def _pairs(connection: Connection, chosen: Select[Any, Any]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in connection.execute(chosen)}


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
        members = select(MemberRow.id).where(*_member_conditions(within))
        yield table.member_id.in_(members)
    if within.text:
        yield _has_text(table.file_path, within.text)


def _member_conditions(within: Within) -> Iterable[ColumnElement[bool]]:
    yield MemberRow.picture_id.is_not(None)
    if within.container_id is not None:
        yield MemberRow.container_id == within.container_id
    if within.parent is not None:
        nested = within.parent + NESTED
        is_below = func.substr(MemberRow.parent, 1, len(nested)) == nested
        yield or_(MemberRow.parent == within.parent, is_below)


def _texts(within: Within) -> Iterable[ColumnElement[bool]]:
    if within.text:
        yield _has_text(MemberRow.file_path, within.text)


def _has_text(column: Any, text: str) -> ColumnElement[bool]:  # noqa: ANN401 - of either table
    return func.instr(func.lower(column), text.lower()) > 0


def _placed() -> Select[*tuple[Any, ...]]:
    return (
        select(
            MemberRow.id,
            ContainerRow.address,
            MemberRow.container_id,
            MemberRow.entry,
            MemberRow.file_path,
            MemberRow.parent,
            MemberRow.file_name,
            PictureRow.id.label("picture_id"),
            PictureRow.format,
            PictureRow.hash_id,
            PictureRow.content_sha256,
            PictureRow.width,
            PictureRow.height,
            PictureRow.n_bytes,
            NoveltyRow.novelty,
        )
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .outerjoin(NoveltyRow, NoveltyRow.picture_id == PictureRow.id)
    )


def _placed_picture(row: Any) -> PlacedPicture:  # noqa: ANN401 - a row has no type of its own
    return PlacedPicture(row[0], row[1], row[2], entry_key(row[3]), *row[4:])
