"""Statements about members, pictures and vectors: what was read of each. Nothing commits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select, update

from shared.batching import iter_batches
from shared.database.inserts import insert_new
from shared.database.paging import PAGE, ids_of
from shared.database.tables import EmbeddingRow, MemberRow, PictureRow
from shared.errors import Fate
from shared.records import EntryKey, Picture, Reading


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
    connection: Connection, picture_ids: Sequence[int], embedder: str
) -> dict[int, NDArray[np.float32]]:
    """Vectors that an embedder made before, by picture id."""
    vectors: dict[int, NDArray[np.float32]] = {}
    for ids in iter_batches(picture_ids, PAGE):
        rows = connection.execute(
            select(EmbeddingRow.picture_id, EmbeddingRow.vector).where(
                EmbeddingRow.picture_id.in_(ids), EmbeddingRow.embedder == embedder
            )
        )
        vectors |= {picture_id: np.frombuffer(vector, "<f4") for picture_id, vector in rows}
    return vectors


def content_vectors(
    connection: Connection, digests: Sequence[bytes], embedder: str
) -> dict[bytes, NDArray[np.float32]]:
    """Vectors that an embedder made before, by the SHA-256 of the pictures' files."""
    rows = connection.execute(
        select(PictureRow.content_sha256, EmbeddingRow.vector)
        .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
        .where(PictureRow.content_sha256.in_(digests), EmbeddingRow.embedder == embedder)
    )
    return {digest: np.frombuffer(vector, "<f4") for digest, vector in rows}


def embedded_digests(connection: Connection, digests: Sequence[bytes], embedder: str) -> set[bytes]:
    """Those of a batch's digests whose picture the embedder has a vector for."""
    rows = connection.scalars(
        select(PictureRow.content_sha256)
        .join(EmbeddingRow, EmbeddingRow.picture_id == PictureRow.id)
        .where(PictureRow.content_sha256.in_(digests), EmbeddingRow.embedder == embedder)
    )
    return set(rows)


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


def write_readings(
    connection: Connection, container_id: int, readings: Sequence[Reading], embedder: str
) -> None:
    """Add members in their order, with their pictures and newly made vectors."""
    ids = _write_pictures(connection, readings)
    _write_vectors(connection, readings, ids, embedder)
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
    insert_new(connection, MemberRow, rows)


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


def _write_pictures(connection: Connection, readings: Sequence[Reading]) -> dict[bytes | None, int]:
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


def _write_vectors(
    connection: Connection,
    readings: Sequence[Reading],
    ids: dict[bytes | None, int],
    embedder: str,
) -> None:
    vectors = {
        ids[r.content_sha256]: r.vector.astype("<f4").tobytes()
        for r in readings
        if r.vector is not None
    }
    rows = [{"picture_id": i, "embedder": embedder, "vector": v} for i, v in vectors.items()]
    insert_new(connection, EmbeddingRow, rows, EmbeddingRow.picture_id, EmbeddingRow.embedder)
