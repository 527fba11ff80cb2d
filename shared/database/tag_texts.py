"""Statements about the texts beside a dataset's pictures: which are to be read, what they tell."""

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, or_, select

from shared.batching import iter_batches
from shared.database.bulk import PAGE, insert_new
from shared.database.surveys import Standing
from shared.database.tables import (
    ContainerRow,
    ContainerState,
    DatasetSidecarRow,
    DatasetTagRow,
    MemberRow,
    Stands,
    SurveyRow,
)
from shared.errors import Fate


@dataclass(frozen=True, slots=True)
class TagText:
    """A text that may tell tags and was not read yet; ``fate`` and ``reason`` of its member."""

    id: int
    file_path: str
    file_name: str
    fate: str
    reason: str
    container_id: int


def unread_containers(connection: Connection, tables: Sequence[str], after: int) -> list[Standing]:
    """Return the next surveyed containers with texts that were not read, by position.

    ``tables`` are the names of texts that tell tags of many pictures; others end in ``.txt``. The
    texts of a container that cannot be read for now wait until it can.
    """
    unread = _unread(tables).with_only_columns(MemberRow.container_id)
    rows = connection.execute(
        select(
            SurveyRow.position,
            ContainerRow.id,
            SurveyRow.location,
            SurveyRow.address,
            SurveyRow.n_entries,
        )
        .join(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(
            SurveyRow.position > after,
            ContainerRow.id.in_(unread),
            ContainerRow.state != ContainerState.AWAY,
        )
        .order_by(SurveyRow.position)
        .limit(PAGE)
    )
    return [
        Standing(at, row_id, os.fsdecode(location), address, n, Stands.ALL)
        for at, row_id, location, address, n in rows
    ]


def unread_texts(
    connection: Connection, tables: Sequence[str], container_id: int, addresses: Sequence[str]
) -> list[TagText]:
    """Those of a container's members at these addresses that are texts to be read."""
    rows = connection.execute(
        _unread(tables).where(
            MemberRow.container_id == container_id, MemberRow.file_path.in_(addresses)
        )
    )
    return list(itertools.starmap(TagText, rows))


def left_texts(connection: Connection, tables: Sequence[str], container_id: int) -> list[TagText]:
    """Return the first of a container's texts that are still to be read."""
    rows = connection.execute(
        _unread(tables)
        .where(MemberRow.container_id == container_id)
        .order_by(MemberRow.id)
        .limit(PAGE)
    )
    return list(itertools.starmap(TagText, rows))


def pictures_beside(
    connection: Connection, bare: str, most: int | None = None
) -> list[tuple[str, str]]:
    """Address and name of the images at an address, and of those whose name goes on with a dot.

    There are ``most`` of them at most. What lies in a folder whose name goes on so is among them.
    """
    path = MemberRow.file_path
    # A slash follows the dot among characters as "$" does "#", by which equal names are told apart.
    again = and_(path > f"{bare}#", path < f"{bare}$")
    longer = and_(path > f"{bare}.", path < f"{bare}/")
    rows = connection.execute(
        select(path, MemberRow.file_name)
        .where(or_(path == bare, again, longer), MemberRow.picture_id.is_not(None))
        .limit(most)
    )
    return [(address, name) for address, name in rows]


def write_tags(
    connection: Connection, text_id: int, tags: Iterable[tuple[str, Sequence[str]]]
) -> None:
    """Note that a text has been read, and the tags that it tells of the pictures at addresses."""
    insert_new(connection, DatasetSidecarRow, [{"member_id": text_id}], DatasetSidecarRow.member_id)
    rows = (
        {"member_id": text_id, "file_path": address, "tag": tag}
        for address, told in tags
        for tag in told
    )
    for batch in iter_batches(rows, PAGE):
        insert_new(
            connection,
            DatasetTagRow,
            batch,
            DatasetTagRow.member_id,
            DatasetTagRow.file_path,
            DatasetTagRow.tag,
        )


def _unread(tables: Sequence[str]) -> Select[int, str, str, str, str, int]:
    """Choose what is called like a text with tags, is no picture, and was not read yet."""
    return (
        select(
            MemberRow.id,
            MemberRow.file_path,
            MemberRow.file_name,
            MemberRow.fate,
            MemberRow.reason,
            MemberRow.container_id,
        )
        .outerjoin(DatasetSidecarRow, DatasetSidecarRow.member_id == MemberRow.id)
        .where(
            DatasetSidecarRow.member_id.is_(None),
            MemberRow.picture_id.is_(None),
            MemberRow.fate.not_in([Fate.IGNORED, Fate.ARCHIVE]),
            or_(MemberRow.file_name.in_(tables), MemberRow.file_name.endswith(".txt")),
        )
    )
