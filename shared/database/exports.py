"""Statements for exports: rows of scores or of decided tags, and pictures with the tags of each.

Nothing commits, and nothing is held in memory but a page at a time.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    func,
    literal_column,
    or_,
    select,
)

from shared.database.members import entry_key
from shared.database.scores import ScoreTable
from shared.database.tables import (
    ContainerRow,
    MemberRow,
    PictureRow,
    ThresholdRow,
    ZipScoreCache,
)
from shared.database.views import TAG_VIEWS
from shared.errors import Fate, RunError
from shared.names import NESTED, address_below, container_address, storable
from shared.records import EntryKey

What = Literal["scores", "tags"]
Rows: TypeAlias = Select[*tuple[Any, ...]]
"""A statement that chooses rows of an export."""
PAGE_ROWS = 5000
N_NAMED = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows an export has: all scores, or the tags that are decided, and what of them.

    ``tags`` and ``archives``, the latter by address and with all that is nested in them, leave the
    others out where there are any; so does ``min_score``.
    """

    what: What = "tags"
    tags: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    min_score: float | None = None


@dataclass(frozen=True, slots=True)
class GivenTag:
    """A tag of a picture, with the score that one classifier gives it."""

    tag: str
    score: float
    model_name: str


@dataclass(frozen=True, slots=True)
class TaggedMember:
    """A scored picture in its place, and those of its tags that are chosen; by tag.

    ``container`` is the address of what it is read from, and ``key`` its place there.
    """

    container: str
    key: EntryKey
    file_path: str
    parent: str
    file_name: str
    format: str
    hash_id: str
    content_sha256: bytes
    tags: tuple[GivenTag, ...]


def row_columns(table: ScoreTable, what: What) -> tuple[str, ...]:
    """Names of the columns that a row of an export has."""
    archive = ("archive_path",) if table is ZipScoreCache else ()
    decided = ("threshold", "by_person", "precision", "novelty") if what == "tags" else ()
    places = ("file_name", "file_path", *archive, "type", "hash_id")
    models = ("model_name", "model_type", "model_train_date")
    return (*places, *models, "tag", "tag_score", *decided)


def select_rows(table: ScoreTable, chosen: Chosen) -> Rows:
    """Choose the rows of an export, in the order of `row_columns`."""
    source = _source(table, chosen.what)
    columns = (source.c[name] for name in row_columns(table, chosen.what))
    return select(*columns).where(*_conditions(source, chosen))


def select_parts(connection: Connection, table: ScoreTable, chosen: Chosen) -> list[Rows]:
    """Choose the same rows of SQLite by statements that can be read side by side.

    They are two where all scores are chosen, and else one: what leaves rows out finds the others by
    an index, which halves would not do faster.
    """
    rows = select_rows(table, chosen)
    if chosen != Chosen("scores"):
        return [rows]
    number: ColumnElement[int] = literal_column("rowid", Integer)
    least, most = (
        connection.scalar(select(edge(number)).select_from(table)) for edge in (func.min, func.max)
    )
    if least is None or most is None:
        return [rows]
    middle = (least + most) // 2
    return [rows.where(number <= middle), rows.where(number > middle)]


def iter_rows(
    connection: Connection, table: ScoreTable, chosen: Chosen
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Yield the rows of an export, a page at a time."""
    statement = select_rows(table, chosen).execution_options(yield_per=PAGE_ROWS)
    return connection.execute(statement).partitions()


def count_tagged(
    connection: Connection, table: ScoreTable, chosen: Chosen, below: str | None = None
) -> int:
    """Count the pictures, each in its place, that `iter_tagged` yields with tags."""
    source = _source(table, chosen.what)
    counted = select(func.count(source.c.member_id.distinct()))
    if below is not None:
        counted = (
            counted.join(MemberRow, MemberRow.id == source.c.member_id)
            .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
            .where(_is_below(below))
        )
    return connection.scalar(counted.where(*_conditions(source, chosen))) or 0


def iter_tagged(
    connection: Connection, table: ScoreTable, chosen: Chosen, below: str | None = None
) -> Iterator[TaggedMember]:
    """Yield pictures with their tags, those of a container one after the other and in its order.

    Parameters
    ----------
    below : str or None
        Address of a folder: then all scored pictures in it and below, also those without any of
        the tags. None for those that have some, wherever they are.
    """
    by_member = groupby(_iter_given(connection, table, chosen), key=attrgetter("member_id"))
    given = next(by_member, None)
    for row in _iter_members(connection, below):
        while given and given[0] < row.id:
            given = next(by_member, None)
        tags: tuple[GivenTag, ...] = ()
        if given and given[0] == row.id:
            tags = tuple(GivenTag(one.tag, one.tag_score, one.model_name) for one in given[1])
        if tags or below is not None:
            yield _tagged(row, tags)


def _tagged(row: Row[*tuple[Any, ...]], tags: tuple[GivenTag, ...]) -> TaggedMember:
    return TaggedMember(
        row.address,
        entry_key(row.entry),
        row.file_path,
        row.parent,
        row.file_name,
        row.format,
        row.hash_id,
        row.content_sha256,
        tags,
    )


def checked_choice(connection: Connection, table: ScoreTable, chosen: Chosen) -> Chosen:
    """Spell archives as the database does, which may be given by their paths.

    Raises
    ------
    RunError
        For a tag or an archive that it does not know.
    """
    for tag in chosen.tags:
        if connection.scalar(select(table.tag).where(table.tag == tag).limit(1)) is None:
            tags = connection.scalars(select(table.tag).distinct().order_by(table.tag)).all()
            more = f" and {len(tags) - N_NAMED} more" if len(tags) > N_NAMED else ""
            there = f"; there are {', '.join(tags[:N_NAMED])}{more}" if tags else ""
            raise RunError("--tag", f"no scores of the tag {tag!r}{there}")
    archives = (_known_archive(connection, one) for one in chosen.archives)
    return replace(chosen, archives=tuple(archives))


def _known_archive(connection: Connection, given: str) -> str:
    path = os.path.abspath(given)  # noqa: PTH100 - an address of what is nested is no path
    for address in (given, storable(path), container_address(path)):
        own = select(ContainerRow.id).where(ContainerRow.address == address)
        nested = select(MemberRow.id).where(
            MemberRow.file_path == address, MemberRow.fate == Fate.ARCHIVE
        )
        if any(connection.scalar(one) is not None for one in (own, nested)):
            return address
    remedy = "Name one by its path, or as archives.csv in a results folder does."
    raise RunError(given, "no archive that has been scored", remedy)


def decidable_tags(connection: Connection, chosen: Chosen) -> list[str]:
    """Return the tags that an export of decided tags may have, sorted."""
    tags = connection.scalars(select(ThresholdRow.tag).order_by(ThresholdRow.tag))
    return [tag for tag in tags if not chosen.tags or tag in chosen.tags]


def _source(table: ScoreTable, what: What) -> Table:
    if what == "tags":
        return TAG_VIEWS[table.__tablename__]
    core = table.__table__
    assert isinstance(core, Table)
    return core


def _conditions(source: Table, chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    if chosen.tags:
        yield or_(*(source.c.tag == tag for tag in chosen.tags))
    if chosen.min_score is not None:
        yield source.c.tag_score >= chosen.min_score
    if chosen.archives:
        yield _is_in(source.c.archive_path, chosen.archives)


def _is_in(archive_path: ColumnElement[str], addresses: Sequence[str]) -> ColumnElement[bool]:
    """Tell what lies in one of some archives: as sets, since SQLite takes but 1,000 conditions."""
    nested: dict[int, list[str]] = defaultdict(list)
    for address in addresses:
        nested[len(address + NESTED)].append(address + NESTED)
    begins = (func.substr(archive_path, 1, n).in_(some) for n, some in sorted(nested.items()))
    return or_(archive_path.in_(addresses), *begins)


def _iter_given(
    connection: Connection, table: ScoreTable, chosen: Chosen
) -> Iterator[Row[*tuple[Any, ...]]]:
    source = _source(table, chosen.what)
    columns = (source.c.member_id, source.c.tag, source.c.tag_score, source.c.model_name)
    statement = (
        select(*columns)
        .where(*_conditions(source, chosen))
        .order_by(source.c.member_id, source.c.tag, source.c.model_name)
    )
    yield from connection.execute(statement.execution_options(yield_per=PAGE_ROWS))


def _is_below(folder: str) -> ColumnElement[bool]:
    above = address_below(folder)
    begins = func.substr(ContainerRow.address, 1, len(above)) == above
    return or_(ContainerRow.address == folder, begins)


def _iter_members(connection: Connection, below: str | None) -> Iterator[Row[*tuple[Any, ...]]]:
    statement = (
        select(
            MemberRow.id,
            ContainerRow.address,
            MemberRow.entry,
            MemberRow.file_path,
            MemberRow.parent,
            MemberRow.file_name,
            PictureRow.format,
            PictureRow.hash_id,
            PictureRow.content_sha256,
        )
        .join(ContainerRow, ContainerRow.id == MemberRow.container_id)
        .join(PictureRow, PictureRow.id == MemberRow.picture_id)
        .where(MemberRow.fate == Fate.SCORED)
        .order_by(MemberRow.id)
    )
    if below is not None:
        statement = statement.where(_is_below(below))
    yield from connection.execute(statement.execution_options(yield_per=PAGE_ROWS))
