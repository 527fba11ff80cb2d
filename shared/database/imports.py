"""Statements for vectors that were not made here: given to surveyed pictures by their addresses.

What other datasets have in the same database is left alone.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from shared.database.inserts import insert_new
from shared.database.paging import PAGE
from shared.database.tables import Container, Embedding, Member, Survey
from shared.errors import Fate

NO_VECTOR = "none of the imported vectors is this picture's"


def forget_vectors(connection: Connection, embedder: str) -> None:
    """Remove the pictures' vectors that stand under a name."""
    connection.execute(
        delete(Embedding).where(
            Embedding.embedder == embedder,
            Embedding.picture_id.in_(
                select(Member.picture_id).where(
                    Member.picture_id.is_not(None), Member.container_id.in_(_surveyed())
                )
            ),
        )
    )


def add_vectors(connection: Connection, vectors: Mapping[str, bytes], embedder: str) -> set[str]:
    """Give pictures their vectors, little-endian float32, by address.

    A picture that has one keeps it. Returns which of the addresses are those of pictures.
    """
    found = connection.execute(
        select(Member.file_path, Member.picture_id).where(
            Member.file_path.in_(vectors),
            Member.picture_id.is_not(None),
            Member.container_id.in_(_surveyed()),
        )
    ).all()
    rows = {picture_id: vectors[address] for address, picture_id in found}
    insert_new(
        connection,
        Embedding,
        [{"picture_id": i, "embedder": embedder, "vector": v} for i, v in rows.items()],
        Embedding.picture_id,
        Embedding.embedder,
    )
    return {address for address, _ in found}


def pictures_without(connection: Connection, embedder: str, after: int) -> list[tuple[int, str]]:
    """Return id and address of the next members whose picture has no vector of that name."""
    rows = connection.execute(
        select(Member.id, Member.file_path)
        .where(
            Member.id > after,
            Member.picture_id.is_not(None),
            Member.container_id.in_(_surveyed()),
            Member.picture_id.not_in(_having(embedder)),
        )
        .order_by(Member.id)
        .limit(PAGE)
    )
    return [(member_id, address) for member_id, address in rows]


def mark_imported(connection: Connection, embedder: str) -> None:
    """Give every picture its final fate: whether it has a vector of that name."""
    having = _having(embedder)
    for is_there, fate, reason in (
        (Member.picture_id.in_(having), Fate.EMBEDDED, ""),
        (Member.picture_id.not_in(having), Fate.NO_EMBEDDING, NO_VECTOR),
    ):
        connection.execute(
            update(Member)
            .where(Member.picture_id.is_not(None), is_there, Member.container_id.in_(_surveyed()))
            .values(fate=fate, reason=reason)
        )


def _surveyed() -> Select[Any]:
    return select(Container.id).join(Survey, Survey.address == Container.address)


def _having(embedder: str) -> Select[Any]:
    return select(Embedding.picture_id).where(Embedding.embedder == embedder)
