"""Statements about pictures and their vectors: what has been decoded and embedded before.

Vectors that were not made here are given to surveyed pictures by their addresses; what other
datasets have in the same database is left alone. Nothing commits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, delete, inspect, select, update

from shared.batching import iter_batches
from shared.database.bulk import PAGE, ids_of, insert_new
from shared.database.column_types import odd_value
from shared.database.tables import (
    ContainerRow,
    EmbeddingRow,
    MemberRow,
    PictureRow,
    SurveyRow,
)
from shared.errors import Fate
from shared.records import Picture, Reading, serving_names

NO_VECTOR = "none of the imported vectors is this picture's"


def known_pictures(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, Picture]:
    """Facts of the pictures whose bytes have been decoded before, by a batch's SHA-256."""
    rows = connection.execute(
        select(
            PictureRow.content_sha256,
            PictureRow.hash_id,
            PictureRow.mode,
            PictureRow.width,
            PictureRow.height,
            PictureRow.format,
        ).where(PictureRow.content_sha256.in_(digests))
    )
    return {row[0]: Picture(*row[1:]) for row in rows}


def known_vectors(
    connection: Connection, picture_ids: Sequence[int], embedder: str, n_features: int
) -> dict[int, NDArray[np.float32]]:
    """Vectors (n_features,) that an embedder made before, by picture id."""
    vectors: dict[int, NDArray[np.float32]] = {}
    for ids in iter_batches(picture_ids, PAGE):
        rows = connection.execute(
            select(EmbeddingRow.picture_id, EmbeddingRow.vector)
            .where(EmbeddingRow.picture_id.in_(ids), _serves(embedder))
            .order_by(EmbeddingRow.embedder.desc())  # the preferred one last: it stays
        )
        vectors |= {row[0]: unpacked(row[1], n_features) for row in rows}
    return vectors


def unpacked(packed: bytes, n_features: int) -> NDArray[np.float32]:
    """Return a vector (n_features,) from its little-endian float32 numbers.

    Raises
    ------
    OddValue
        Where it has another length.
    """
    vector = np.frombuffer(packed, "<f4")
    if len(vector) != n_features:
        found = f"a vector of {len(vector)} numbers, not of {n_features}"
        raise odd_value(EmbeddingRow.vector, found)
    return vector


def content_vectors(
    connection: Connection, digests: Sequence[bytes], embedder: str
) -> dict[bytes, NDArray[np.float32]]:
    """Vectors that an embedder made before, by the SHA-256 of the pictures' files."""
    rows = connection.execute(
        select(PictureRow.content_sha256, EmbeddingRow.vector)
        .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
        .where(PictureRow.content_sha256.in_(digests), _serves(embedder))
        .order_by(EmbeddingRow.embedder.desc())
    )
    return {digest: np.frombuffer(vector, "<f4") for digest, vector in rows}


def embedded_digests(connection: Connection, digests: Sequence[bytes], embedder: str) -> set[bytes]:
    """Those of a batch's digests whose picture the embedder has a vector for."""
    rows = connection.scalars(
        select(PictureRow.content_sha256)
        .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
        .where(PictureRow.content_sha256.in_(digests), _serves(embedder))
    )
    return set(rows)


def write_pictures(connection: Connection, readings: Sequence[Reading]) -> dict[bytes | None, int]:
    """Add what new readings have decoded; return the pictures' ids by their files' digests."""
    pictures = {
        r.content_sha256: (r.picture, r.n_bytes) for r in readings if r.picture and r.content_sha256
    }
    if not pictures:
        return {}
    insert_new(
        connection,
        PictureRow,
        [
            {
                "content_sha256": digest,
                "hash_id": picture.hash_id,
                "mode": picture.mode,
                "width": picture.width,
                "height": picture.height,
                "format": picture.format,
                "n_bytes": n_bytes,
            }
            for digest, (picture, n_bytes) in pictures.items()
        ],
        PictureRow.content_sha256,
    )
    return ids_of(connection, PictureRow.content_sha256, PictureRow.id, pictures)


def write_vectors(
    connection: Connection,
    readings: Sequence[Reading],
    ids: dict[bytes | None, int],
    embedder: str,
) -> None:
    """Add the vectors that new readings bring, by the ids that `write_pictures` has returned."""
    vectors = {
        ids[r.content_sha256]: r.vector.astype("<f4").tobytes()
        for r in readings
        if r.vector is not None
    }
    rows = [{"picture_id": i, "embedder": embedder, "vector": v} for i, v in vectors.items()]
    insert_new(connection, EmbeddingRow, rows, EmbeddingRow.picture_id, EmbeddingRow.embedder)


def stored_embedders(connection: Connection) -> list[str]:
    """Names of the embedders whose vectors are there, sorted."""
    if not inspect(connection).has_table(EmbeddingRow.__tablename__):
        return []
    names = select(EmbeddingRow.embedder).distinct().order_by(EmbeddingRow.embedder)
    return list(connection.scalars(names))


def stored_vectors(
    connection: Connection, hashes: Sequence[str], embedder: str
) -> dict[str, NDArray[np.float32]]:
    """Vectors that an embedder made of pictures, by their hashes; those that it has made."""
    found: dict[str, NDArray[np.float32]] = {}
    for asked in iter_batches(hashes, PAGE):
        rows = connection.execute(
            select(PictureRow.hash_id, EmbeddingRow.vector)
            .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
            .where(PictureRow.hash_id.in_(asked), _serves(embedder))
            .order_by(EmbeddingRow.embedder.desc())
        )
        found.update({name: np.frombuffer(vector, "<f4") for name, vector in rows})
    return found


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


def _serves(embedder: str) -> ColumnElement[bool]:
    return EmbeddingRow.embedder.in_(serving_names(embedder))


def _surveyed() -> Select[Any]:
    return select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)


def _having(embedder: str) -> Select[Any]:
    return select(EmbeddingRow.picture_id).where(EmbeddingRow.embedder == embedder)
