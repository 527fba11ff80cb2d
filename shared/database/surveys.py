"""Statements about a survey: what this run found, what stands of it, what is not there.

Nothing commits, and nothing here looks at a disk.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
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
from shared.database.bulk import PAGE
from shared.database.tables import (
    ContainerRow,
    ContainerState,
    MemberRow,
    ScoringRow,
    Stands,
    SurveyRow,
)
from shared.names import address_below, container_address, container_location
from shared.records import Container

IS_READ = SurveyRow.stands.in_([Stands.ALL, Stands.AWAY])
READ_TO_ITS_END = (ContainerState.READ, ContainerState.UNSETTLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A container of this run beside what stands of it in the database; ``id`` is None if new."""

    position: int
    id: int | None
    location: str
    address: str
    n_entries: int
    stands: Stands
    n_bytes: int = 0

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
                    "n_bytes": container.n_bytes,
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
                ContainerRow.state.in_(READ_TO_ITS_END) & ContainerRow.fate.is_(None),
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
                (ContainerRow.state.in_(READ_TO_ITS_END) & is_same, Stands.ALL),
                else_=Stands.NOTHING,
            )
        )
        .where(ContainerRow.address == SurveyRow.address)
        .correlate(SurveyRow)
        .scalar_subquery()
    )
    values = {"stands": func.coalesce(stands, literal(Stands.NOTHING))}
    connection.execute(update(SurveyRow).values(values))


def has_same_stamp(connection: Connection, position: int) -> bool:
    """Tell whether a known container of the survey is as it was when it was read."""
    same = select(SurveyRow.stamp == ContainerRow.stamp)
    joined = same.join(ContainerRow, ContainerRow.address == SurveyRow.address)
    return bool(connection.scalar(joined.where(SurveyRow.position == position)))


def mark_unread(connection: Connection, position: int) -> None:
    """Note that nothing stands of a container of the survey after all."""
    connection.execute(
        update(SurveyRow).where(SurveyRow.position == position).values(stands=Stands.NOTHING)
    )


def mark_read(connection: Connection) -> None:
    """Note that the run has read by now all that its survey found unread."""
    connection.execute(update(SurveyRow).where(~IS_READ).values(stands=Stands.ALL))


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
            SurveyRow.n_bytes,
        )
        .outerjoin(ContainerRow, ContainerRow.address == SurveyRow.address)
        .where(SurveyRow.position > after)
        .order_by(SurveyRow.position)
        .limit(PAGE)
    )
    return [
        Standing(at, row_id, os.fsdecode(location), address, n_entries, stands, n_bytes)
        for at, row_id, location, address, n_entries, stands, n_bytes in rows
    ]
