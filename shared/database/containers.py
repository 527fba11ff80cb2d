"""Statements about containers: what this run found, what stands, what is gone. Nothing commits."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Select, delete, func, insert, literal, or_, select, update

from shared.batching import iter_batches
from shared.database.inserts import insert_new
from shared.database.members import entry_key
from shared.database.paging import PAGE
from shared.database.tables import ContainerRow, MemberRow, ScoringRow, SurveyRow
from shared.errors import Fate
from shared.names import address_below, container_address
from shared.records import Container, EntryKey

MAX_TRIED_AGAIN = 100
"""So many inputs of a container may be tried again: on a failing disk each takes seconds."""
_UNSETTLED = b"?"
"""Ends what a container was read under where some of it could not be read at all."""
_AWAY = b"away "
"""Begins what a container was read under that all stands of, and that cannot be read for now."""
IS_AWAY = func.substr(ContainerRow.read_under, 1, len(_AWAY)) == _AWAY


@dataclass(frozen=True, slots=True)
class Standing:
    """A container of this run beside what the database knows of it.

    ``id`` is None where it is new. ``is_read`` says that its members stand in the database, all
    of them, as they are now and under the same limits and embedder; ``is_resumable`` that the
    first of them do; ``was_begun`` that an earlier run did not get to the end of it; ``is_away``
    that its members stand, but that it cannot be read for now.
    """

    position: int
    id: int | None
    location: str
    address: str
    n_entries: int
    is_read: bool
    is_resumable: bool
    was_begun: bool = False
    is_away: bool = False


class Unsettled(NamedTuple):
    """A container of which all stands but what could not be read, which may have passed."""

    position: int
    id: int
    location: str


def write_survey(connection: Connection, found: Iterable[Container]) -> None:
    """Note what was found, in its order; earlier notes of this connection are dropped."""
    connection.execute(delete(SurveyRow))
    for batch in iter_batches(found, PAGE):
        connection.execute(
            insert(SurveyRow),
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
        select(func.count(), func.coalesce(func.sum(SurveyRow.n_entries), 0))
    ).one()
    return count, int(entries)


def survey_start(connection: Connection) -> int | None:
    """Position of the survey's first container; no two surveys of a server start at the same."""
    return connection.scalar(select(func.min(SurveyRow.position)))


def forget_gone(connection: Connection, directory: str, lost: Sequence[str] = ()) -> int:
    """Delete what lay at or below a directory and was not found by this survey.

    Parameters
    ----------
    directory : str
        Path or URL.
    lost : sequence of str
        Addresses of folders that could not be listed: what lies below them may well be there.

    Returns
    -------
    int
        How many containers are gone, with all their members and scores.
    """
    # The slash belongs to what is spelled: a folder's name may end in an exclamation mark.
    prefix = container_address(directory.rstrip(os.sep) + os.sep)
    gone = select(ContainerRow.id, ContainerRow.address).where(
        or_(
            ContainerRow.address == container_address(directory),
            func.substr(ContainerRow.address, 1, len(prefix)) == prefix,
        ),
        ContainerRow.address.not_in(select(SurveyRow.address)),
    )
    unknown = set(map(address_below, lost))
    after, n_gone = 0, 0
    gone = gone.order_by(ContainerRow.id).limit(PAGE)
    while page := connection.execute(gone.where(ContainerRow.id > after)).all():
        after = page[-1].id
        ids = [row.id for row in page if unknown.isdisjoint(_iter_above(row.address))]
        n_gone += connection.execute(delete(ContainerRow).where(ContainerRow.id.in_(ids))).rowcount
    return n_gone


def _iter_above(address: str) -> Iterator[str]:
    """Yield how the addresses of all begin that lie in the same folders."""
    return (address[: i + 1] for i, letter in enumerate(address) if letter == "/")


def mark_away(connection: Connection, reasons: Mapping[str, str]) -> None:
    """Note why containers of the survey cannot be read for now, by address; others are back.

    What stands of each is kept. One that was not read to its end is read anew, when it can be.
    """
    surveyed = select(ContainerRow.id, ContainerRow.address, ContainerRow.read_under).join(
        SurveyRow, SurveyRow.address == ContainerRow.address
    )
    for row_id, address, under in connection.execute(surveyed.where(IS_AWAY)).all():
        if address not in reasons:
            _note(connection, row_id, read_under=under.removeprefix(_AWAY), fate=None, reason="")
    stands = surveyed.where(ContainerRow.complete, ContainerRow.fate.is_(None))
    for addresses in iter_batches(reasons, PAGE):
        some = stands.where(ContainerRow.address.in_(addresses))
        for row_id, address, under in connection.execute(some).all():
            fate, reason = Fate.UNREADABLE, reasons[address]
            _note(connection, row_id, read_under=_AWAY + under, fate=fate, reason=reason)


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
        select(ContainerRow.id)
        .where(
            ContainerRow.address == SurveyRow.address,
            ContainerRow.stamp == SurveyRow.stamp,
            ContainerRow.read_under.in_([read_under, read_under + _UNSETTLED]),
        )
        .correlate(SurveyRow)
    )
    away = select(ContainerRow.id).where(ContainerRow.address == SurveyRow.address, IS_AWAY)
    is_same = ~literal(rescan) & same.where(ContainerRow.complete).exists()
    connection.execute(
        update(SurveyRow).values(
            is_read=is_same | away.correlate(SurveyRow).exists(),
            is_resumable=~literal(rescan) & same.where(~ContainerRow.complete).exists(),
        )
    )


def read_again(connection: Connection, container_id: int) -> None:
    """Have the next run read a container anew: it is not what its stamp says."""
    _note(connection, container_id, read_under=b"")


def unsettled_page(connection: Connection, read_under: bytes, after: int) -> list[Unsettled]:
    """Return the next containers that are marked as read though some of each was unreadable."""
    rows = connection.execute(
        select(SurveyRow.position, ContainerRow.id, SurveyRow.location)
        .join(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(
            SurveyRow.position > after,
            SurveyRow.is_read,
            ContainerRow.read_under == read_under + _UNSETTLED,
        )
        .order_by(SurveyRow.position)
        .limit(PAGE)
    )
    return [Unsettled(position, row_id, os.fsdecode(place)) for position, row_id, place in rows]


def unreadable_entries(connection: Connection, container_id: int) -> list[EntryKey]:
    """Entries that could not be read, the last ones first; empty stands for the container itself.

    What a failure that has passed took away is everything from some entry on.
    """
    fate = connection.scalar(select(ContainerRow.fate).where(ContainerRow.id == container_id))
    entries = connection.scalars(
        _unreadable(container_id).order_by(MemberRow.id.desc()).limit(MAX_TRIED_AGAIN)
    )
    return [()] * (fate == Fate.UNREADABLE) + [entry_key(entry) for entry in entries]


def mark_unread(connection: Connection, position: int) -> None:
    """Note that nothing stands of a container of the survey after all."""
    connection.execute(
        update(SurveyRow).where(SurveyRow.position == position).values(is_read=False)
    )


def standing_page(connection: Connection, after: int) -> list[Standing]:
    """Return the next containers of the survey, in its order, with what is known of each."""
    rows = connection.execute(
        select(
            SurveyRow.position,
            ContainerRow.id,
            SurveyRow.location,
            SurveyRow.address,
            SurveyRow.n_entries,
            SurveyRow.is_read,
            SurveyRow.is_resumable,
            ContainerRow.complete.is_(False),
            func.coalesce(IS_AWAY, literal(False)),
        )
        .outerjoin(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(SurveyRow.position > after)
        .order_by(SurveyRow.position)
        .limit(PAGE)
    )
    return [Standing(row[0], row[1], os.fsdecode(row[2]), *row[3:]) for row in rows]


def start_reading(connection: Connection, standing: Standing, read_under: bytes) -> int:
    """Make the container's row say that it is being read; members of an older state go.

    Returns
    -------
    int
        The container's id.
    """
    stamp = connection.scalar(select(SurveyRow.stamp).where(SurveyRow.address == standing.address))
    state = {
        "stamp": stamp,
        "read_under": read_under,
        "complete": False,
        "fate": None,
        "reason": "",
    }
    if standing.id is None:
        new = {"address": standing.address, "revision": 1, **state}
        insert_new(connection, ContainerRow, [new], ContainerRow.address)
        return connection.execute(
            select(ContainerRow.id).where(ContainerRow.address == standing.address)
        ).scalar_one()
    if not standing.is_resumable:
        connection.execute(delete(ScoringRow).where(ScoringRow.container_id == standing.id))
        connection.execute(delete(MemberRow).where(MemberRow.container_id == standing.id))
    _note(connection, standing.id, **state)
    return standing.id


def finish_reading(
    connection: Connection, container_id: int, fate: Fate | None, reason: str
) -> None:
    """Make the container's row say that all of its members are in, or why none could be had.

    Where something could not be read, that is no fact for good: it is noted to be tried again.
    """
    read_under, is_done = connection.execute(
        select(ContainerRow.read_under, ContainerRow.complete).where(
            ContainerRow.id == container_id
        )
    ).one()
    failed = connection.scalar(_unreadable(container_id).limit(1)) is not None
    if (failed or fate is Fate.UNREADABLE) and not is_done:
        read_under += _UNSETTLED
    connection.execute(
        update(ContainerRow)
        .where(ContainerRow.id == container_id)
        .values(complete=True, read_under=read_under, fate=fate, reason=reason)
    )


def touch(connection: Connection, container_id: int) -> None:
    """Note that the container's scores have changed."""
    _note(connection, container_id)


def _note(connection: Connection, container_id: int, **state: object) -> None:
    connection.execute(
        update(ContainerRow)
        .where(ContainerRow.id == container_id)
        .values(revision=ContainerRow.revision + 1, **state)
    )


def _unreadable(container_id: int) -> "Select[str]":
    return select(MemberRow.entry).where(
        MemberRow.container_id == container_id, MemberRow.fate == Fate.UNREADABLE
    )
