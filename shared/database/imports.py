"""Statements for vectors that were not made here: given to surveyed pictures by their addresses.

What other datasets have in the same database is left alone.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from shared.database.inserts import insert_new
from shared.database.paging import PAGE
from shared.database.tables import ContainerRow, EmbeddingRow, MemberRow, SurveyRow
from shared.errors import Fate

NO_VECTOR = "none of the imported vectors is this picture's"


def forget_vectors(connection: Connection, embedder: str) -> None:
    """Remove the pictures' vectors that stand under a name."""
    connection.execute(
        delete(EmbeddingRow).where(
            EmbeddingRow.embedder == embedder,
            EmbeddingRow.picture_id.in_(
                select(MemberRow.picture_id).where(
                    MemberRow.picture_id.is_not(None), MemberRow.container_id.in_(_surveyed())
                )
            ),
        )
    )


def add_vectors(connection: Connection, vectors: Mapping[str, bytes], embedder: str) -> set[str]:
    """Give pictures their vectors, little-endian float32, by address.

    A picture that has one keeps it. Returns which of the addresses are those of pictures.
    """
    found = connection.execute(
        select(MemberRow.file_path, MemberRow.picture_id).where(
            MemberRow.file_path.in_(vectors),
            MemberRow.picture_id.is_not(None),
            MemberRow.container_id.in_(_surveyed()),
        )
    ).all()
    rows = {picture_id: vectors[address] for address, picture_id in found}
    insert_new(
        connection,
        EmbeddingRow,
        [{"picture_id": i, "embedder": embedder, "vector": v} for i, v in rows.items()],
        EmbeddingRow.picture_id,
        EmbeddingRow.embedder,
    )
    return {address for address, _ in found}


def pictures_without(connection: Connection, embedder: str, after: int) -> list[tuple[int, str]]:
    """Return id and address of the next members whose picture has no vector of that name."""
    rows = connection.execute(
        select(MemberRow.id, MemberRow.file_path)
        .where(
            MemberRow.id > after,
            MemberRow.picture_id.is_not(None),
            MemberRow.container_id.in_(_surveyed()),
            MemberRow.picture_id.not_in(_having(embedder)),
        )
        .order_by(MemberRow.id)
        .limit(PAGE)
    )
    return [(member_id, address) for member_id, address in rows]


def mark_imported(connection: Connection, embedder: str) -> None:
    """Give every picture its final fate: whether it has a vector of that name."""
    having = _having(embedder)
    for is_there, fate, reason in (
        (MemberRow.picture_id.in_(having), Fate.EMBEDDED, ""),
        (MemberRow.picture_id.not_in(having), Fate.NO_EMBEDDING, NO_VECTOR),
    ):
        connection.execute(
            update(MemberRow)
            .where(
                MemberRow.picture_id.is_not(None), is_there, MemberRow.container_id.in_(_surveyed())
            )
            .values(fate=fate, reason=reason)
        )


def _surveyed() -> Select[Any]:
    return select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)


def _having(embedder: str) -> Select[Any]:
    return select(EmbeddingRow.picture_id).where(EmbeddingRow.embedder == embedder)
