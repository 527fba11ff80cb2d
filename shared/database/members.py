"""Statements about members: what was read of each, and what became of it. Nothing commits."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from shared.batching import iter_batches
from shared.database.bulk import PAGE, insert_new
from shared.database.column_types import odd_value
from shared.database.pictures import write_pictures, write_vectors
from shared.database.tables import ContainerRow, MemberRow, PictureRow
from shared.errors import Fate
from shared.records import EntryKey, Reading


class KnownMember(NamedTuple):
    """A member whose picture has been decoded, as scoring needs it."""

    id: int
    file_path: str
    parent: str
    file_name: str
    fate: str
    reason: str
    picture_id: int
    hash_id: str
    width: int
    height: int


UNASKED = ("", "", "", "", "")
"""What finding a vector does not ask of a member: paths, names, its fate."""


def entry_key(entry: str) -> EntryKey:
    """Index in each listing, from its spelling in the database: ``5.0.2``."""
    return tuple(map(int, entry.split(".")))


def last_entry(connection: Connection, container_id: int) -> EntryKey:
    """Entry of the last member that stands; empty where there is none."""
    newest = select(func.max(MemberRow.id)).where(MemberRow.container_id == container_id)
    entry = connection.scalar(
        select(MemberRow.entry).where(MemberRow.id == newest.scalar_subquery())
    )
    return entry_key(entry) if entry else ()


def count_pictures(connection: Connection, container_id: int) -> int:
    """Count the members of a container that are decoded pictures."""
    counted = select(func.count()).where(
        MemberRow.container_id == container_id, MemberRow.picture_id.is_not(None)
    )
    return connection.scalar(counted) or 0


def known_contents(
    connection: Connection, container_id: int, addresses: Sequence[str]
) -> dict[str, tuple[bytes, int]]:
    """Digest and size of the pictures that a container held under some addresses."""
    rows = connection.execute(
        select(MemberRow.file_path, PictureRow.content_sha256, PictureRow.n_bytes)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .where(MemberRow.container_id == container_id, MemberRow.file_path.in_(addresses))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def write_readings(
    connection: Connection, container_id: int, readings: Sequence[Reading], embedder: str
) -> None:
    """Add members in their order, with their pictures and newly made vectors.

    Raises
    ------
    OddValue
        Where some stand already, for another container: somebody has changed its address.
    """
    ids = write_pictures(connection, readings)
    write_vectors(connection, readings, ids, embedder)
    rows = [
        {
            "container_id": container_id,
            "entry": ".".join(map(str, reading.place.entry)),
            "file_path": reading.place.address,
            "parent": reading.place.parent,
            "file_name": reading.place.name,
            "fate": reading.fate,
            "reason": reading.reason,
            "picture_id": ids.get(reading.content_sha256),
        }
        for reading in readings
    ]
    # A folder that changes meanwhile may yield a file twice; by its stamp it is read again.
    if insert_new(connection, MemberRow, rows) != len(rows):
        _check_addresses(connection, container_id, [r.place.address for r in readings])


def _check_addresses(connection: Connection, container_id: int, addresses: Sequence[str]) -> None:
    for some in iter_batches(addresses, PAGE):
        strangers = (
            select(ContainerRow.address, MemberRow.file_path)
            .join(MemberRow, MemberRow.container_id == ContainerRow.id)
            .where(MemberRow.file_path.in_(some), ContainerRow.id != container_id)
            .limit(1)
        )
        if row := connection.execute(strangers).first():
            raise odd_value(ContainerRow.address, f"{row[0]!r}, which is not where {row[1]} lies")


def known_members_page(
    connection: Connection, container_id: int, after: int, page: int
) -> list[KnownMember]:
    """Return the container's next members that have a picture, by ascending id."""
    rows = connection.execute(
        select(
            MemberRow.id,
            MemberRow.file_path,
            MemberRow.parent,
            MemberRow.file_name,
            MemberRow.fate,
            MemberRow.reason,
            MemberRow.picture_id,
            PictureRow.hash_id,
            PictureRow.width,
            PictureRow.height,
        )
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .where(MemberRow.container_id == container_id, MemberRow.id > after)
        .order_by(MemberRow.id)
        .limit(page)
    )
    return list(map(KnownMember._make, rows.all()))


def write_fates(connection: Connection, fates: Sequence[tuple[int, Fate, str]]) -> None:
    """Set fate and reason of members by id; those that share both take one statement."""
    groups: dict[tuple[Fate, str], list[int]] = {}
    for member_id, fate, reason in fates:
        groups.setdefault((fate, reason), []).append(member_id)
    for (fate, reason), ids in groups.items():
        for some in iter_batches(ids, PAGE):
            connection.execute(
                update(MemberRow).where(MemberRow.id.in_(some)).values(fate=fate, reason=reason)
            )


def has_member(connection: Connection, container_id: int, fate: Fate, reason: str) -> bool:
    """Tell whether some member of a container has this fate for this reason."""
    found = select(MemberRow.id).where(
        MemberRow.container_id == container_id, MemberRow.fate == fate, MemberRow.reason == reason
    )
    return connection.scalar(found.limit(1)) is not None
