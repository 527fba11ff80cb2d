"""Statements for reviews: pictures in their places, by page and by what they are.

A page costs what it holds, not what lies before it: each begins after a key, never at an offset.
Nothing commits, and nothing is held in memory but a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, inspect, or_, select

from shared.batching import iter_batches
from shared.database.bulk import PAGE, pairs
from shared.database.members import UNASKED, KnownMember, entry_key
from shared.database.tables import (
    Base,
    ContainerRow,
    DatasetCache,
    MemberRow,
    NoveltyRow,
    PictureRow,
    ScoreCache,
    ZipScoreCache,
)
from shared.names import NESTED
from shared.records import EntryKey

ReviewedTable: TypeAlias = type[ZipScoreCache] | type[ScoreCache] | type[DatasetCache]


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


def holds(connection: Connection, table: type[Base]) -> bool:
    """Tell whether a contract table is there."""
    return inspect(connection).has_table(table.__tablename__)


def changes(connection: Connection) -> str:
    """Return what a PostgreSQL server tells otherwise once somebody has written to it."""
    return str(connection.scalar(select(cast(func.pg_current_snapshot(), Text))))


def count_places(connection: Connection) -> tuple[int, int]:
    """Count the pictures, each in its place, and the containers."""
    pictures = select(func.count()).select_from(MemberRow).where(MemberRow.picture_id.is_not(None))
    containers = select(func.count()).select_from(ContainerRow)
    return connection.scalar(pictures) or 0, connection.scalar(containers) or 0


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
            .where(PictureRow.hash_id.in_(some), *member_conditions(within), *_texts(within))
            .group_by(PictureRow.hash_id)
        )
        found |= pairs(connection, chosen)
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
        found |= pairs(connection, chosen)
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
    ahead = select(MemberRow.id).where(MemberRow.id > after, *member_conditions(within))
    end = connection.scalar(
        ahead.order_by(MemberRow.id).offset(n_looked_at - 1).limit(1)  # ids alone are read for it
    )
    chosen = _placed().where(MemberRow.id > after, *member_conditions(within))
    if end is not None:
        chosen = chosen.where(MemberRow.id <= end)
    chosen = chosen.where(*_texts(within))
    rows = connection.execute(chosen.order_by(MemberRow.id).limit(limit)).all()
    found = [_placed_picture(row) for row in rows]
    return found, found[-1].member_id if len(found) == limit else end


def member_conditions(within: Within) -> Iterable[ColumnElement[bool]]:
    """Choose the members with a picture that are looked at, whatever their text."""
    yield MemberRow.picture_id.is_not(None)
    if within.container_id is not None:
        yield MemberRow.container_id == within.container_id
    if within.parent is not None:
        nested = within.parent + NESTED
        is_below = func.substr(MemberRow.parent, 1, len(nested)) == nested
        yield or_(MemberRow.parent == within.parent, is_below)


def has_text(column: Any, text: str) -> ColumnElement[bool]:  # noqa: ANN401 - of either table
    """Choose rows that hold a text, in capitals or not."""
    return func.lower(column).contains(text.lower(), autoescape=True)


def _texts(within: Within) -> Iterable[ColumnElement[bool]]:
    if within.text:
        yield has_text(MemberRow.file_path, within.text)


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
