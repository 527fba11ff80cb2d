"""Statements about containers: what this run found, what stands, what is gone. Nothing commits."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, literal, or_, select, update

from shared.batching import iter_batches
from shared.database.inserts import insert_new
from shared.database.tables import Container, Member, Scoring, Survey
from shared.fates import Fate
from shared.names import container_address
from shared.records import Container as Found

PAGE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A container of this run beside what the database knows of it.

    ``id`` is None where it is new. ``is_read`` says that its members stand in the database, all
    of them, as they are now and under the same limits and embedder; ``is_resumable`` that the
    first of them do.
    """

    position: int
    id: int | None
    location: str
    address: str
    n_entries: int
    is_read: bool
    is_resumable: bool


def write_survey(connection: Connection, found: Iterable[Found]) -> None:
    """Note what was found, in its order; earlier notes of this connection are dropped."""
    connection.execute(delete(Survey))
    for batch in iter_batches(found, PAGE):
        connection.execute(
            insert(Survey),
            [
                {
                    "address": container.address,
                    "location": os.fsencode(container.location),
                    "stamp": container.stamp,
                    "n_entries": container.n_entries,
                }
                for container in batch
            ],
        )


def survey_totals(connection: Connection) -> tuple[int, int]:
    """Count the containers of the survey and the entries that they declare."""
    count, entries = connection.execute(
        select(func.count(), func.coalesce(func.sum(Survey.n_entries), 0))
    ).one()
    return count, int(entries)


def forget_gone(connection: Connection, directory: str) -> int:
    """Delete what lay at or below a directory and was not found by this survey.

    Returns
    -------
    int
        How many containers are gone, with all their members and scores.
    """
    # The slash belongs to what is spelled: a folder's name may end in an exclamation mark.
    prefix = container_address(directory.rstrip(os.sep) + os.sep)
    gone = delete(Container).where(
        or_(
            Container.address == container_address(directory),
            func.substr(Container.address, 1, len(prefix)) == prefix,
        ),
        Container.address.not_in(select(Survey.address)),
    )
    return connection.execute(gone).rowcount


def mark_read(connection: Connection, read_under: bytes, *, rescan: bool) -> None:
    """Note for each container of the survey what stands of it, once and for all of this run.

    Parameters
    ----------
    read_under : bytes
        Digest of what shapes a reading beside the container; under another one nothing stands.
    rescan : bool
        Whether to take all that stands for out of date.
    """
    same = (
        select(Container.id)
        .where(
            Container.address == Survey.address,
            Container.stamp == Survey.stamp,
            Container.read_under == read_under,
        )
        .correlate(Survey)
    )
    connection.execute(
        update(Survey).values(
            is_read=~literal(rescan) & same.where(Container.complete).exists(),
            is_resumable=same.where(~Container.complete).exists(),
        )
    )


def standing_page(connection: Connection, after: int) -> list[Standing]:
    """Return the next containers of the survey, in its order, with what is known of each."""
    rows = connection.execute(
        select(
            Survey.position,
            Container.id,
            Survey.location,
            Survey.address,
            Survey.n_entries,
            Survey.is_read,
            Survey.is_resumable,
        )
        .outerjoin(Container, Container.address == Survey.address)
        .where(Survey.position > after)
        .order_by(Survey.position)
        .limit(PAGE)
    )
    return [
        Standing(position, row_id, os.fsdecode(location), address, n_entries, is_read, is_resumable)
        for position, row_id, location, address, n_entries, is_read, is_resumable in rows
    ]


def start_reading(connection: Connection, standing: Standing, read_under: bytes) -> int:
    """Make the container's row say that it is being read; members of an older state go.

    Returns
    -------
    int
        The container's id.
    """
    stamp = connection.scalar(select(Survey.stamp).where(Survey.address == standing.address))
    state = {
        "stamp": stamp,
        "read_under": read_under,
        "complete": False,
        "fate": None,
        "reason": "",
    }
    if standing.id is None:
        new = {"address": standing.address, "revision": 1, **state}
        insert_new(connection, Container, [new], Container.address)
        return connection.execute(
            select(Container.id).where(Container.address == standing.address)
        ).scalar_one()
    if not standing.is_resumable:
        connection.execute(delete(Scoring).where(Scoring.container_id == standing.id))
        connection.execute(delete(Member).where(Member.container_id == standing.id))
    connection.execute(
        update(Container)
        .where(Container.id == standing.id)
        .values(revision=Container.revision + 1, **state)
    )
    return standing.id


def finish_reading(
    connection: Connection, container_id: int, fate: Fate | None, reason: str
) -> None:
    """Make the container's row say that all of its members are in, or why none could be had."""
    connection.execute(
        update(Container)
        .where(Container.id == container_id)
        .values(complete=True, fate=fate, reason=reason)
    )


def touch(connection: Connection, container_id: int) -> None:
    """Note that the container's scores have changed."""
    connection.execute(
        update(Container)
        .where(Container.id == container_id)
        .values(revision=Container.revision + 1)
    )
