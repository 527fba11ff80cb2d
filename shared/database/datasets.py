"""Statements for stage 1: the dataset's images, their tags, and what is written from them."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Subquery, bindparam, func, select, union, update
from sqlalchemy.orm import aliased

from shared.database.bulk import PAGE, insert_new
from shared.database.column_types import FLOAT32_BYTES
from shared.database.pictures import unpacked
from shared.database.tables import (
    ContainerRow,
    DatasetCache,
    DatasetTagRow,
    EmbeddingRow,
    MemberRow,
    PictureRow,
    SurveyRow,
)
from shared.errors import Fate
from shared.names import extension
from shared.records import serving_names


@dataclass(frozen=True, eq=False, slots=True)
class DatasetImage:
    """One image of the dataset at the first of its addresses; ``vector`` is (n_features,)."""

    hash_id: str
    file_path: str
    file_name: str
    content_sha256: bytes
    mode: str
    width: int
    height: int
    format: str
    n_bytes: int
    tags: tuple[str, ...]
    vector: NDArray[np.float32]


def mark_embedded(connection: Connection) -> None:
    """Give what has been read and embedded its final fate."""
    done = update(MemberRow).where(MemberRow.fate == Fate.PENDING).values(fate=Fate.EMBEDDED)
    connection.execute(done)


def add_dataset_rows(connection: Connection, tag_of: Callable[[str], str | None]) -> int:
    """Add the next images that are not in `dataset_cache` yet; ``tag_of`` reads their address.

    Returns
    -------
    int
        How many were added; 0 when all are in.
    """
    new = connection.execute(
        select(MemberRow.id, MemberRow.file_name, MemberRow.file_path, PictureRow.hash_id)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .outerjoin(DatasetCache, DatasetCache.member_id == MemberRow.id)
        .where(DatasetCache.member_id.is_(None))
        .order_by(MemberRow.id)
        .limit(PAGE)
    ).all()
    rows = [
        {
            "member_id": member_id,
            "file_name": name,
            "file_path": address,
            "type": extension(name),
            "hash_id": hash_id,
            "tag": tag_of(address),
        }
        for member_id, name, address, hash_id in new
    ]
    insert_new(connection, DatasetCache, rows, DatasetCache.member_id)
    return len(rows)


def refresh_tags(connection: Connection, tag_of: Callable[[str], str | None], after: int) -> int:
    """Set the tags of the next surveyed images anew: what is a tag depends on what was asked for.

    Returns
    -------
    int
        Member id of the last that was looked at; 0 when there is none after ``after``.
    """
    current = _current()
    rows = connection.execute(
        select(current.c.member_id, current.c.file_path, current.c.tag)
        .where(current.c.member_id > after)
        .order_by(current.c.member_id)
        .limit(PAGE)
    ).all()
    changed = [
        {"member": member_id, "new_tag": tag_of(address)}
        for member_id, address, tag in rows
        if tag != tag_of(address)
    ]
    if changed:
        connection.execute(
            update(DatasetCache)
            .where(DatasetCache.member_id == bindparam("member"))
            .values(tag=bindparam("new_tag")),
            changed,
        )
    return rows[-1].member_id if rows else 0


def iter_tagged(connection: Connection, *, by_tag: bool) -> Iterator[tuple[str, str]]:
    """Yield each (tag, hash) of the surveyed images once, sorted by tag or by hash."""
    pairs = _tagged()
    keys = (pairs.c.tag, pairs.c.hash_id) if by_tag else (pairs.c.hash_id, pairs.c.tag)
    rows = connection.execute(
        select(pairs.c.tag, pairs.c.hash_id).order_by(*keys).execution_options(yield_per=PAGE)
    )
    yield from ((tag, hash_id) for tag, hash_id in rows)


def iter_dataset_images(connection: Connection, embedder: str) -> Iterator[DatasetImage]:
    """Yield the surveyed images that have a vector, each hash once, sorted by address.

    Of several addresses it is the first of a file that has one.
    """
    current = _current()
    names, serving = serving_names(embedder), aliased(EmbeddingRow)
    order = func.row_number().over(partition_by=current.c.hash_id, order_by=current.c.file_path)
    ranked = (
        select(current, MemberRow.picture_id, order.label("rank"))
        .join(MemberRow, MemberRow.id == current.c.member_id)
        .join(EmbeddingRow, EmbeddingRow.picture_id == MemberRow.picture_id)
        .where(EmbeddingRow.embedder.in_(names))
        .subquery()
    )
    preferred = (
        select(func.min(serving.embedder))  # by the alphabet too, the preferred name is the first
        .where(serving.picture_id == ranked.c.picture_id, serving.embedder.in_(names))
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            ranked.c.hash_id,
            ranked.c.file_path,
            ranked.c.file_name,
            PictureRow.content_sha256,
            PictureRow.mode,
            PictureRow.width,
            PictureRow.height,
            PictureRow.format,
            PictureRow.n_bytes,
            EmbeddingRow.vector,
        )
        .join(PictureRow, PictureRow.id == ranked.c.picture_id)
        .join(EmbeddingRow, EmbeddingRow.picture_id == ranked.c.picture_id)
        .where(ranked.c.rank == 1, EmbeddingRow.embedder == preferred)
        .order_by(ranked.c.file_path)
        .execution_options(yield_per=PAGE)
    )
    n_features = 0
    for page in rows.partitions():
        tags = _tags(connection, [row[0] for row in page])
        for row in page:
            facts = row._asdict()
            packed = facts.pop("vector")
            n_features = n_features or len(packed) // FLOAT32_BYTES
            vector = unpacked(packed, n_features)
            yield DatasetImage(tags=tuple(tags.get(row.hash_id, ())), vector=vector, **facts)


def hash_clashes(connection: Connection) -> list[tuple[str, str]]:
    """Return pairs of surveyed addresses whose pictures share a hash and differ in size.

    The hash does not cover the size, and the metadata has one place per hash. The first of each
    pair is the one that is kept there, the other the first that differs from it.
    """
    current = _current()
    sizes = (
        select(current.c.hash_id, current.c.file_path, PictureRow.width, PictureRow.height)
        .join(MemberRow, MemberRow.id == current.c.member_id)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .subquery()
    )
    clashing = (
        select(sizes.c.hash_id)
        .group_by(sizes.c.hash_id)
        .having(
            (func.min(sizes.c.width) != func.max(sizes.c.width))
            | (func.min(sizes.c.height) != func.max(sizes.c.height))
        )
    )
    rows = connection.execute(
        select(sizes)
        .where(sizes.c.hash_id.in_(clashing))
        .order_by(sizes.c.hash_id, sizes.c.file_path)
    )
    pairs = []
    for _, group in itertools.groupby(rows, key=lambda row: row.hash_id):
        first, *others = group
        other = next(row for row in others if tuple(row[2:]) != tuple(first[2:]))
        pairs.append((first.file_path, other.file_path))
    return pairs


def _current() -> Subquery:
    return (
        select(DatasetCache)
        .join(MemberRow, MemberRow.id == DatasetCache.member_id)
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .subquery()
    )


def _tagged() -> Subquery:
    """Each (hash, tag) of the surveyed images once: by their folders, and by surveyed texts."""
    current = _current()
    texts = (
        select(DatasetTagRow)
        .join(MemberRow, MemberRow.id == DatasetTagRow.member_id)
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .join(SurveyRow, SurveyRow.address == ContainerRow.address)
        .subquery()
    )
    by_folders = select(current.c.hash_id, current.c.tag).where(current.c.tag.is_not(None))
    by_texts = select(current.c.hash_id, texts.c.tag).join(
        texts, texts.c.file_path == current.c.file_path
    )
    return union(by_folders, by_texts).subquery()


def _tags(connection: Connection, hashes: Sequence[str]) -> dict[str, list[str]]:
    pairs = _tagged()
    rows = connection.execute(
        select(pairs).where(pairs.c.hash_id.in_(hashes)).order_by(pairs.c.hash_id, pairs.c.tag)
    )
    tags: dict[str, list[str]] = {}
    for hash_id, tag in rows:
        tags.setdefault(hash_id, []).append(tag)
    return tags
