"""What people said of pictures: `labels.sqlite`, a row per picture, tag and results folder.

A database of its own: no stage that scores writes here, so no machine overwrites a person. The
folder is in the key so that an old one, read once more, does not overrule a later answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    Connection,
    create_engine,
    delete,
    false,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.batching import iter_batches
from shared.database import sqlite
from shared.database.column_types import NumberColumn, TextColumn, TruthColumn, name_columns
from shared.database.engine import Database
from shared.database.schema import Schema

LABELS_FILE = "labels.sqlite"
MAX_ASKED = 500
REVIEW = "review"
"""Source of labels that were given on the review page; they are in no folder."""
SCHEMA = Schema("labels", "0005", "labels", frozenset({"hash_id", "tag", "has_tag"}))


class LabelBase(DeclarativeBase):
    """The tables of this database alone: the others have their own."""


class LabelRow(LabelBase):
    """Whether a picture has a tag, as a person said in one results folder."""

    __tablename__ = "labels"

    hash_id: Mapped[str] = mapped_column(TextColumn, primary_key=True)
    tag: Mapped[str] = mapped_column(TextColumn, primary_key=True)
    folder: Mapped[str] = mapped_column(TextColumn, primary_key=True, comment="empty: not known")
    has_tag: Mapped[bool | None] = mapped_column(TruthColumn, comment="NULL: taken back")
    source: Mapped[str] = mapped_column(TextColumn, comment="the file that was moved by hand")
    date: Mapped[str] = mapped_column(
        TextColumn, comment="YYYY-MM-DD, HH:MM:SS, when it was first read"
    )
    is_skipped: Mapped[bool] = mapped_column(
        TruthColumn,
        server_default=false(),
        comment="looked at in a review, and left open: has_tag is NULL then",
    )


class StepRow(LabelBase):
    """What one step of a review has said of a picture, and what stood in its place before."""

    __tablename__ = "review_steps"
    __table_args__ = ({"sqlite_with_rowid": False},)

    reviewer: Mapped[int] = mapped_column(
        NumberColumn, primary_key=True, comment="place among the reviewers"
    )
    step: Mapped[int] = mapped_column(NumberColumn, primary_key=True)
    hash_id: Mapped[str] = mapped_column(TextColumn, primary_key=True)
    tag: Mapped[str] = mapped_column(TextColumn)
    has_tag: Mapped[bool | None] = mapped_column(TruthColumn)
    is_skipped: Mapped[bool] = mapped_column(TruthColumn)
    date: Mapped[str] = mapped_column(TextColumn)
    had_tag: Mapped[bool | None] = mapped_column(TruthColumn)
    was_skipped: Mapped[bool] = mapped_column(TruthColumn)
    source_before: Mapped[str | None] = mapped_column(TextColumn)
    date_before: Mapped[str | None] = mapped_column(
        TextColumn, comment="NULL: the review had said nothing of it before"
    )


name_columns(LabelBase.metadata, "Put that row right, or delete it.")


@dataclass(frozen=True, slots=True)
class Label:
    """One row, as `LabelRow` has it; ``folder`` is the results folder, resolved.

    ``has_tag`` is None where a person has taken an answer back: that, too, is a word, which older
    folders do not overrule. So it is where one has looked and left the question open: then
    ``is_skipped`` is true.
    """

    hash_id: str
    tag: str
    has_tag: bool | None
    source: str
    date: str
    folder: str = ""
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a review said of a picture, and what it had said before; None of nothing."""

    given: Label
    before: Label | None


@contextmanager
def open_labels(path: Path) -> Iterator[Database]:
    """Open the labels of an output folder; make the file where there is none.

    What is committed is on the disk, and no power cut takes it back.

    Raises
    ------
    RunError
        Where it cannot be opened, another run holds it, or a newer program made it.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)))
    sqlite.prepare(engine, "BEGIN IMMEDIATE", "synchronous=FULL")
    database = Database(engine)
    try:
        database.run(SCHEMA.prepare, LabelBase.metadata.sorted_tables, str(path))
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
        where=LabelRow.has_tag.is_distinct_from(new.excluded.has_tag),
    )
    connection.execute(statement, rows)


def say(connection: Connection, labels: Iterable[Label]) -> None:
    """Write what a person says now: it counts from now on, also where it was said before."""
    rows = [asdict(one) for one in labels]
    if not rows:
        return
    new = insert(LabelRow)
    changed = {name: new.excluded[name] for name in ("has_tag", "source", "date", "is_skipped")}
    key = [LabelRow.hash_id, LabelRow.tag, LabelRow.folder]
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=changed), rows)


def take_back(connection: Connection, labels: Iterable[Label]) -> None:
    """Remove words as if they had never been said: earlier ones in other folders count again."""
    key = tuple_(LabelRow.hash_id, LabelRow.tag, LabelRow.folder)
    for one in labels:
        connection.execute(delete(LabelRow).where(key == (one.hash_id, one.tag, one.folder)))


def note_step(
    connection: Connection, reviewer: int, step: int, said: Sequence[Replaced], n_kept: int
) -> None:
    """Keep what a step replaces, to be undone; the oldest go where there are more than so many."""
    rows = [
        {
            "reviewer": reviewer,
            "step": step,
            "hash_id": one.given.hash_id,
            "tag": one.given.tag,
            "has_tag": one.given.has_tag,
            "is_skipped": one.given.is_skipped,
            "date": one.given.date,
            **_before(one.before),
        }
        for one in said
    ]
    connection.execute(insert(StepRow), rows)
    is_old = StepRow.step <= step - n_kept
    connection.execute(delete(StepRow).where(StepRow.reviewer == reviewer, is_old))


def steps_of(connection: Connection, reviewer: int) -> list[int]:
    """Return the numbers of a reviewer's steps, the latest last."""
    chosen = select(StepRow.step).where(StepRow.reviewer == reviewer).distinct()
    return list(connection.scalars(chosen.order_by(StepRow.step)))


def replaced_in(connection: Connection, reviewer: int, step: int) -> list[Replaced]:
    """Return what a step said, and what it replaced."""
    chosen = select(StepRow).where(StepRow.reviewer == reviewer, StepRow.step == step)
    found = []
    for row in connection.execute(chosen):
        given = Label(
            row.hash_id, row.tag, row.has_tag, REVIEW, row.date, is_skipped=row.is_skipped
        )
        before = None
        if row.date_before is not None:
            before = Label(
                row.hash_id,
                row.tag,
                row.had_tag,
                row.source_before or REVIEW,
                row.date_before,
                is_skipped=row.was_skipped,
            )
        found.append(Replaced(given, before))
    return found


def leave_out(connection: Connection, undone: Iterable[Replaced]) -> None:
    """Have later steps replace what was before these: undone, they shall not come back."""
    for one in undone:
        key = (StepRow.hash_id == one.given.hash_id, StepRow.tag == one.given.tag)
        is_next = [getattr(StepRow, name) == value for name, value in _before(one.given).items()]
        connection.execute(update(StepRow).where(*key, *is_next).values(**_before(one.before)))


def _before(label: Label | None) -> dict[str, bool | str | None]:
    """Columns of what a step replaces."""
    return {
        "had_tag": label.has_tag if label else None,
        "was_skipped": label.is_skipped if label else False,
        "source_before": label.source if label else None,
        "date_before": label.date if label else None,
    }


def forget_step(connection: Connection, reviewer: int, step: int) -> None:
    """Keep a step no longer: it is undone."""
    is_this = (StepRow.reviewer == reviewer, StepRow.step == step)
    connection.execute(delete(StepRow).where(*is_this))


def words_of(connection: Connection) -> list[Label]:
    """Return all that people said, as `load_words`."""
    return _words(connection)


def words_about(connection: Connection, tag: str, hashes: Iterable[str]) -> list[Label]:
    """Return all that people said of some pictures and a tag, as `load_words`."""
    found: list[Label] = []
    for some in iter_batches(hashes, MAX_ASKED):
        found += _words(connection, LabelRow.tag == tag, LabelRow.hash_id.in_(some))
    return found


def wait_at_most(connection: Connection, milliseconds: int) -> None:
    """Have later transactions wait no longer for another program that writes."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout={milliseconds}")


def labels_version(connection: Connection) -> int:
    """Return a number that changes whenever another connection has written."""
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def load_words(path: Path) -> list[Label]:
    """Load all that people said, what they took back too, by tag and picture, the latest last.

    There is nothing where there is no file. A person gave each, so they are few.

    Raises
    ------
    RunError
        Where it cannot be read, or a newer program made it.
    """
    if not path.exists():
        return []
    with open_labels(path) as database:
        return database.run(_words)


def load_labels(path: Path) -> list[Label]:
    """Load the latest label of each picture and tag, but those taken back; as `load_words`."""
    latest = {(one.tag, one.hash_id): one for one in load_words(path)}
    return [one for one in latest.values() if one.has_tag is not None]


def _words(connection: Connection, *conditions: ColumnElement[bool]) -> list[Label]:
    columns = (
        LabelRow.hash_id,
        LabelRow.tag,
        LabelRow.has_tag,
        LabelRow.source,
        LabelRow.date,
        LabelRow.folder,
        LabelRow.is_skipped,
    )
    chosen = select(*columns).where(*conditions)
    # By folder, too, so that words of the same second are in a known order.
    order = (LabelRow.tag, LabelRow.hash_id, LabelRow.date, LabelRow.folder)
    return [Label(*row) for row in connection.execute(chosen.order_by(*order))]
