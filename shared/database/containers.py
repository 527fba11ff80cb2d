"""Statements about containers: how far each has been read. Nothing commits."""

import os
from collections.abc import Mapping, Sequence

from sqlalchemy import (
    Connection,
    Select,
    delete,
    select,
    update,
)

from shared.batching import iter_batches
from shared.database.bulk import PAGE, insert_new
from shared.database.members import entry_key
from shared.database.surveys import READ_TO_ITS_END, Standing, Unsettled
from shared.database.tables import (
    ContainerRow,
    ContainerState,
    MemberRow,
    ScoringRow,
    Stands,
    SurveyRow,
)
from shared.errors import Fate
from shared.records import EntryKey

MAX_TRIED_AGAIN = 100
"""So many inputs of a container may be tried again: on a failing disk each takes seconds."""


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
    stand = surveyed.where(ContainerRow.state.in_(READ_TO_ITS_END), ContainerRow.fate.is_(None))
    for addresses in iter_batches(reasons, PAGE):
        some = stand.where(ContainerRow.address.in_(addresses))
        for row_id, address in connection.execute(some).all():
            facts = {"fate": Fate.UNREADABLE, "reason": reasons[address]}
            _note(connection, row_id, state=ContainerState.AWAY, **facts)


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


def rescorable(connection: Connection, classifiers: Sequence[int]) -> list[int]:
    """Containers that were read to their end and scored by none but these classifiers."""
    others = select(ScoringRow.container_id).where(
        ScoringRow.container_id == ContainerRow.id, ScoringRow.classifier_id.not_in(classifiers)
    )
    chosen = select(ContainerRow.id).where(
        ContainerRow.state.in_(READ_TO_ITS_END), ContainerRow.fate.is_(None), ~others.exists()
    )
    return list(connection.scalars(chosen.order_by(ContainerRow.id)))


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
        "is_decided": False,
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
