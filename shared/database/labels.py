"""What people said of pictures: `labels.sqlite`, a row per picture, tag and results folder.

A database of its own: no stage that scores writes here, so no machine overwrites a person. The
folder is in the key so that an old one, read once more, does not overrule a later answer.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Text, create_engine, inspect, literal, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import sqlite
from shared.database.engine import Database, open_for_reading
from shared.errors import RunError

VERSION = 2
"""Of the table; in the file it is SQLite's ``user_version``."""


class LabelBase(DeclarativeBase):
    """The tables of this database alone: the others have their own."""


class LabelRow(LabelBase):
    """Whether a picture has a tag, as a person said in one results folder."""

    __tablename__ = "labels"

    hash_id: Mapped[str] = mapped_column(Text, primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    folder: Mapped[str] = mapped_column(Text, primary_key=True, comment="empty: not known")
    has_tag: Mapped[bool]
    source: Mapped[str] = mapped_column(Text, comment="the file that was moved by hand")
    date: Mapped[str] = mapped_column(Text, comment="YYYY-MM-DD, HH:MM:SS, when it was first read")


@dataclass(frozen=True, slots=True)
class Label:
    """One row, as `LabelRow` has it; ``folder`` is the results folder, resolved."""

    hash_id: str
    tag: str
    has_tag: bool
    source: str
    date: str
    folder: str = ""


@contextmanager
def open_labels(path: Path) -> Iterator[Database]:
    """Open the labels of an output folder; make the file where there is none.

    Raises
    ------
    RunError
        Where it cannot be opened, another run holds it, or a newer program made it.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)))
    sqlite.prepare(engine, "BEGIN IMMEDIATE")
    database = Database(engine)
    try:
        database.run(_prepare, path)
        yield database
    finally:
        database.close()
        engine.dispose()


def note_labels(connection: Connection, labels: Iterable[Label]) -> None:
    """Write what a person said: another word in the same folder replaces the earlier one there."""
    rows = [asdict(one) for one in labels]
    if not rows:
        return
    new = insert(LabelRow)
    changed = {name: new.excluded[name] for name in ("has_tag", "source", "date")}
    statement = new.on_conflict_do_update(
        index_elements=[LabelRow.hash_id, LabelRow.tag, LabelRow.folder],
        set_=changed,
        where=LabelRow.has_tag != new.excluded.has_tag,
    )
    connection.execute(statement, rows)


def load_labels(path: Path) -> list[Label]:
    """Load the latest label of each picture and tag, sorted by tag; none where there is no file.

    A person gave each, so they are few.

    Raises
    ------
    RunError
        Where it cannot be read, or a newer program made it.
    """
    if not path.exists():
        return []
    with open_for_reading(path) as database:
        return database.run(_latest_labels, path)


def _latest_labels(connection: Connection, path: Path) -> list[Label]:
    _check_version(connection, path)
    names = _column_names(connection)
    if not names:
        return []  # killed before the table was made
    columns = (
        LabelRow.hash_id,
        LabelRow.tag,
        LabelRow.has_tag,
        LabelRow.source,
        LabelRow.date,
        LabelRow.folder if "folder" in names else literal(""),
    )
    # By folder, too, so that words of the same second are in a known order.
    order = (LabelRow.tag, LabelRow.hash_id, LabelRow.date, columns[-1])
    found = (Label(*row) for row in connection.execute(select(*columns).order_by(*order)))
    return list({(one.tag, one.hash_id): one for one in found}.values())


def _prepare(connection: Connection, path: Path) -> None:
    _check_version(connection, path)
    names = _column_names(connection)
    is_old = bool(names) and "folder" not in names
    if is_old:
        connection.exec_driver_sql("ALTER TABLE labels RENAME TO labels_1")
    LabelBase.metadata.create_all(connection)
    if is_old:
        connection.exec_driver_sql(
            "INSERT INTO labels (hash_id, tag, folder, has_tag, source, date) "
            "SELECT hash_id, tag, '', has_tag, source, date FROM labels_1"
        )
        connection.exec_driver_sql("DROP TABLE labels_1")
    connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")


def _column_names(connection: Connection) -> set[str]:
    """Tell what columns the table has; none where there is no table."""
    if not inspect(connection).has_table(LabelRow.__tablename__):
        return set()
    return {str(one["name"]) for one in inspect(connection).get_columns(LabelRow.__tablename__)}


def _check_version(connection: Connection, path: Path) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found > VERSION:
        raise RunError(
            str(path),
            f"has version {found}, this program knows versions up to {VERSION}",
            "Use the newer program that made it, or another --output.",
        )
