"""Statements for reviews: archives, those in others too, and shares of tags. Nothing commits."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from shared.batching import iter_batches
from shared.database.bulk import PAGE, ids_of, pairs
from shared.database.tables import ContainerRow, DecidedRow, MemberRow
from shared.errors import Fate


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
        found |= pairs(connection, chosen)
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
        found |= pairs(connection, chosen)
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
