"""Statements about containers: what this run found, what stands, what is gone. Nothing commits."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from shared.batching import iter_batches
from shared.database.bulk import PAGE, insert_new
from shared.database.members import entry_key
from shared.database.tables import (
    ContainerRow,
    ContainerState,
    MemberRow,
    ScoringRow,
    Stands,
    SurveyRow,
)
from shared.errors import Fate
from shared.names import address_below, container_address, container_location
from shared.records import Container, EntryKey

MAX_TRIED_AGAIN = 100
"""So many inputs of a container may be tried again: on a failing disk each takes seconds."""
IS_READ = SurveyRow.stands.in_([Stands.ALL, Stands.AWAY])
_READ_TO_ITS_END = (ContainerState.READ, ContainerState.UNSETTLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A container of this run beside what stands of it in the database; ``id`` is None if new."""

    position: int
    id: int | None
    location: str
    address: str
    n_entries: int
    stands: Stands

    @property
    def is_read(self) -> bool:
        """Whether all of its members are in the database."""
        return self.stands in (Stands.ALL, Stands.AWAY)


class Unsettled(NamedTuple):
    """A container of which all stands but what could not be read, which may have passed."""

    position: int
    id: int
    location: str


class Missing(NamedTuple):
    """A container that was known and is not there; ``stands`` says that it was read to its end."""

    id: int
    address: str
    device: int
    stands: bool


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
                    "device": container.device,
                }
                for container in batch
            ],
        )


def survey_totals(connection: Connection) -> tuple[int, int, int, int]:
    """Count the survey's containers, those that are read, those that are away, and the entries."""
    n_containers, n_read, n_away, n_entries = connection.execute(
        select(
            func.count(),
            func.count().filter(IS_READ),
            func.count().filter(SurveyRow.stands == Stands.AWAY),
            func.coalesce(func.sum(SurveyRow.n_entries), 0),
        )
    ).one()
    return n_containers, n_read, n_away, int(n_entries)


def survey_start(connection: Connection) -> int | None:
    """Position of the survey's first container; no two surveys of a server start at the same."""
    return connection.scalar(select(func.min(SurveyRow.position)))


def missing_page(connection: Connection, directory: str, after: int) -> list[Missing]:
    """Return the next containers that lay at or below a directory and were not found, by id.

    ``directory`` is a path or a URL.
    """
    rows = connection.execute(
        select(
            ContainerRow.id,
            ContainerRow.address,
            ContainerRow.device,
            or_(
                ContainerRow.state == ContainerState.AWAY,
                ContainerRow.state.in_(_READ_TO_ITS_END) & ContainerRow.fate.is_(None),
            ),
        )
        .where(
            _is_below(directory),
            ContainerRow.address.not_in(select(SurveyRow.address)),
            ContainerRow.id > after,
        )
        .order_by(ContainerRow.id)
        .limit(PAGE)
    )
    return [Missing(*row) for row in rows]


def is_some_there(connection: Connection, directory: str) -> bool:
    """Tell whether of the containers that were known below a directory some was found."""
    known = select(ContainerRow.id).join(SurveyRow, SurveyRow.address == ContainerRow.address)
    return connection.scalar(known.where(_is_below(directory)).limit(1)) is not None


def forget(connection: Connection, ids: Sequence[int]) -> tuple[int, int]:
    """Delete containers with all that is known of them; return how many images and score rows."""
    n_images = connection.scalar(
        select(func.count()).where(
            MemberRow.container_id.in_(ids), MemberRow.picture_id.is_not(None)
        )
    )
    n_rows = connection.scalar(
        select(func.coalesce(func.sum(ScoringRow.n_rows), 0)).where(
            ScoringRow.container_id.in_(ids)
        )
    )
    connection.execute(delete(ContainerRow).where(ContainerRow.id.in_(ids)))
    return n_images or 0, int(n_rows or 0)


def keep_missing(connection: Connection, missing: Sequence[Missing]) -> None:
    """Add containers that were not found to the survey, as if they had been."""
    stamps = select(ContainerRow.id, ContainerRow.stamp)
    found = connection.execute(stamps.where(ContainerRow.id.in_([one.id for one in missing])))
    by_id = {row.id: row.stamp for row in found}
    rows = [
        {
            "address": one.address,
            "location": os.fsencode(container_location(one.address)),
            "stamp": by_id[one.id],
            "n_entries": 0,
        }
        for one in missing
    ]
    if rows:
        connection.execute(insert(SurveyRow), rows)


def is_in_lost(address: str, lost: Sequence[str]) -> bool:
    """Tell whether something lay in a folder that could not be listed, from their addresses."""
    return not set(map(address_below, lost)).isdisjoint(_iter_above(address))


def _is_below(directory: str) -> ColumnElement[bool]:
    # The slash belongs to what is spelled: a folder's name may end in an exclamation mark.
    prefix = container_address(directory.rstrip(os.sep) + os.sep)
    return or_(
        ContainerRow.address == container_address(directory),
        func.substr(ContainerRow.address, 1, len(prefix)) == prefix,
    )


def _iter_above(address: str) -> Iterator[str]:
    """Yield how the addresses of all begin that lie in the same folders."""
    return (address[: i + 1] for i, letter in enumerate(address) if letter == "/")


def mark_away(connection: Connection, reasons: Mapping[str, str]) -> None:
    """Note why containers of the survey cannot be read for now, by address; others are back.

    What stands of each is kept. One that was not read to its end is read anew, when it can be.
    """
    surveyed = select(ContainerRow.id, ContainerRow.address).join(
        SurveyRow, SurveyRow.address == ContainerRow.address
    )
    were_away = surveyed.where(ContainerRow.state == ContainerState.AWAY)
    for row_id, address in connection.execute(were_away).all():
        if address not in reasons:
            state = _state_at_its_end(connection, row_id)
            _note(connection, row_id, state=state, fate=None, reason="")
    stand = surveyed.where(ContainerRow.state.in_(_READ_TO_ITS_END), ContainerRow.fate.is_(None))
    for addresses in iter_batches(reasons, PAGE):
        some = stand.where(ContainerRow.address.in_(addresses))
        for row_id, address in connection.execute(some).all():
            facts = {"fate": Fate.UNREADABLE, "reason": reasons[address]}
            _note(connection, row_id, state=ContainerState.AWAY, **facts)


def mark_standing(connection: Connection, read_under: bytes, *, rescan: bool) -> None:
    """Note for each container of the survey what stands of it, once and for all of this run.

    Parameters
    ----------
    read_under : bytes
        Digest of what shapes a reading beside the container; under another one nothing stands.
    rescan : bool
        Whether to take all that stands for out of date.
    """
    is_same = (
        (ContainerRow.stamp == SurveyRow.stamp)
        & (ContainerRow.read_under == read_under)
        & ~literal(rescan)
    )
    is_begun = ContainerRow.state == ContainerState.READING
    stands = (
        select(
            case(
                (ContainerRow.state == ContainerState.AWAY, Stands.AWAY),
                (is_begun & is_same, Stands.BEGINNING),
                (is_begun, Stands.BEGUN),
                (ContainerRow.state.in_(_READ_TO_ITS_END) & is_same, Stands.ALL),
                else_=Stands.NOTHING,
            )
        )
        .where(ContainerRow.address == SurveyRow.address)
        .correlate(SurveyRow)
        .scalar_subquery()
    )
    values = {"stands": func.coalesce(stands, literal(Stands.NOTHING))}
    connection.execute(update(SurveyRow).values(values))


def read_again(connection: Connection, container_id: int) -> None:
    """Have the next run read a container anew: it is not what its stamp says."""
    _note(connection, container_id, state=ContainerState.OUTDATED)


def unsettled_page(connection: Connection, after: int) -> list[Unsettled]:
    """Return the next containers of which all stands though some of each was unreadable."""
    rows = connection.execute(
        select(SurveyRow.position, ContainerRow.id, SurveyRow.location)
        .join(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(
            SurveyRow.position > after,
            SurveyRow.stands == Stands.ALL,
            ContainerRow.state == ContainerState.UNSETTLED,
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
        update(SurveyRow).where(SurveyRow.position == position).values(stands=Stands.NOTHING)
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
            SurveyRow.stands,
        )
        .outerjoin(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(SurveyRow.position > after)
        .order_by(SurveyRow.position)
        .limit(PAGE)
    )
    return [
        Standing(at, row_id, os.fsdecode(location), address, n_entries, Stands(stands))
        for at, row_id, location, address, n_entries, stands in rows
    ]


def start_reading(connection: Connection, standing: Standing, read_under: bytes) -> int:
    """Make the container's row say that it is being read; members of an older state go.

    Returns
    -------
    int
        The container's id.
    """
    stamp, device = connection.execute(
        select(SurveyRow.stamp, SurveyRow.device).where(SurveyRow.address == standing.address)
    ).one()
    state = {
        "stamp": stamp,
        "device": device,
        "read_under": read_under,
        "state": ContainerState.READING,
        "fate": None,
        "reason": "",
    }
    if standing.id is None:
        new = {"address": standing.address, "revision": 1, **state}
        insert_new(connection, ContainerRow, [new], ContainerRow.address)
        return connection.execute(
            select(ContainerRow.id).where(ContainerRow.address == standing.address)
        ).scalar_one()
    if standing.stands is not Stands.BEGINNING:
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
    is_unreadable = fate is Fate.UNREADABLE
    state = (
        ContainerState.UNSETTLED if is_unreadable else _state_at_its_end(connection, container_id)
    )
    connection.execute(
        update(ContainerRow)
        .where(ContainerRow.id == container_id)
        .values(state=state, fate=fate, reason=reason)
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


def _state_at_its_end(connection: Connection, container_id: int) -> ContainerState:
    is_settled = connection.scalar(_unreadable(container_id).limit(1)) is None
    return ContainerState.READ if is_settled else ContainerState.UNSETTLED


def _unreadable(container_id: int) -> "Select[str]":
    return select(MemberRow.entry).where(
        MemberRow.container_id == container_id, MemberRow.fate == Fate.UNREADABLE
    )
