"""The least database worlds: containers as if surveyed, members as if read and scored."""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, select

from shared.batching import iter_pages
from shared.database.containers import finish_reading, start_reading
from shared.database.engine import Database
from shared.database.members import known_members_page, write_fates, write_readings
from shared.database.novelties import write_novelties
from shared.database.scores import (
    classifier_ids,
    finish_scoring,
    note_progress,
    start_scoring,
    write_rows,
)
from shared.database.surveys import (
    Standing,
    forget,
    is_in_lost,
    mark_standing,
    missing_page,
    write_survey,
)
from shared.database.tables import Base, PictureRow, ZipScoreCache
from shared.errors import Fate
from shared.flow.survey import iter_standing
from shared.hashing import content_digest, pixel_hash
from shared.names import base_name, extension
from shared.records import Container, EntryKey, Picture, Place, Reading

UNDER = b"limits and embedder"
EMBEDDER = "builtin"
A, B = "/zips/a.zip", "/zips/b.zip"


def found(address: str = A, stamp: bytes = b"one", n_entries: int = 1) -> Container:
    """A container as a source yields it."""
    return Container(address, address, stamp, n_entries)


def survey(database: Database, *containers: Container) -> None:
    """Make these the containers of the run."""
    database.run(write_survey, containers)


def standing(database: Database, address: str = A, read_under: bytes = UNDER) -> Standing:
    """What is known now of one surveyed container."""
    database.run(mark_standing, read_under, rescan=False)
    return next(one for one in iter_standing(database) if one.address == address)


def picture(content: bytes, width: int = 4, height: int = 4) -> Picture:
    """Facts of a picture whose pixels are its bytes."""
    return Picture(pixel_hash(content), "L", width, height, "PNG")


def place(address: str, entry: EntryKey = (0,)) -> Place:
    """Where a member of an archive is, from its address."""
    return Place(entry, address, address.rpartition("!/")[0], base_name(address))


def read_picture(
    address: str,
    content: bytes = b"pixels",
    *,
    entry: EntryKey = (0,),
    vector: NDArray[np.float32] | None = None,
    facts: Picture | None = None,
) -> Reading:
    """A member that has been decoded."""
    return Reading(
        place(address, entry),
        Fate.PENDING,
        content_sha256=content_digest(content),
        picture=facts or picture(content),
        n_bytes=len(content),
        vector=vector,
    )


def skipped(
    address: str,
    fate: Fate = Fate.CORRUPT,
    reason: str = "broken",
    *,
    entry: EntryKey = (0,),
) -> Reading:
    """A member that has not become a picture."""
    return Reading(place(address, entry), fate, reason)


def pictures(address: str, n_members: int) -> list[Reading]:
    """Different pictures of one container: ``0.png``, ``1.png``, …."""
    return [
        read_picture(f"{address}!/{i}.png", str(i).encode(), entry=(i,)) for i in range(n_members)
    ]


def read(
    database: Database, address: str, *readings: Reading, fate: Fate | None = None, reason: str = ""
) -> int:
    """Read a surveyed container from its first entry to its last; its id."""
    container_id = database.run(start_reading, standing(database, address), UNDER)
    database.run(write_readings, container_id, readings, EMBEDDER)
    database.run(finish_reading, container_id, fate, reason)
    return container_id


def score(database: Database, container_id: int, *names: str, value: float = 0.5) -> list[int]:
    """Score all of a container's pictures with these classifiers; their ids."""
    members = database.run(known_members_page, container_id, 0, 1000)
    by_name = database.run(classifier_ids, names)
    ids = [by_name[name] for name in names]
    words = [(name, "svm", None, "cat") for name in names]
    rows: list[tuple[object, ...]] = [
        (m.id, i, m.file_name, m.file_path, extension(m.file_name), m.hash_id, *w, value, m.parent)
        for m in members
        for i, w in zip(ids, words, strict=True)
    ]
    database.run(start_scoring, container_id, dict.fromkeys(ids, b"version"))
    database.run(write_rows, ZipScoreCache, rows)
    database.run(write_fates, [(m.id, Fate.SCORED, "") for m in members])
    database.run(note_progress, container_id, ids, members[-1].id, len(members))
    database.run(finish_scoring, container_id, ids)
    return ids


def judged(database: Database, **novelties: float) -> None:
    """Tell how novel pictures are, by their bytes; a digit after an underscore."""
    for content, novelty in novelties.items():
        hash_id = picture(content.removeprefix("_").encode()).hash_id
        ids = database.run(
            lambda c, h=hash_id: c.scalars(  # type: ignore[misc]
                select(PictureRow.id).where(PictureRow.hash_id == h)
            ).all()
        )
        database.run(write_novelties, dict.fromkeys(ids, novelty), b"labelled")


def column(database: Database, table: type[Base], name: str) -> Sequence[object]:
    """All values of a column, in the order of the table's key."""
    own = core(table)
    return database.run(
        lambda c: c.scalars(select(own.c[name]).order_by(*own.primary_key.columns)).all()
    )


def core(table: type[Base]) -> Table:
    """The table itself."""
    assert isinstance(table.__table__, Table)
    return table.__table__


def forget_gone(connection: Connection, directory: str, lost: Sequence[str] = ()) -> int:
    """Forget what was not found below a directory, but for what lies in lost folders; count it."""
    pages = iter_pages(
        lambda after: missing_page(connection, directory, after), 0, attrgetter("id")
    )
    n_gone = 0
    for page in pages:
        ids = [one.id for one in page if not is_in_lost(one.address, lost)]
        forget(connection, ids)
        n_gone += len(ids)
    return n_gone
