"""What is there now, beside what the database knows: the start of every run."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from shared.batching import iter_pages
from shared.database.containers import (
    Standing,
    Unsettled,
    forget_gone,
    mark_away,
    mark_standing,
    mark_unread,
    standing_page,
    survey_start,
    survey_totals,
    unreadable_entries,
    unsettled_page,
    write_survey,
)
from shared.database.engine import Connection, Database
from shared.errors import Fate, RunError, SkipError
from shared.records import Container, EntryKey, Limits, Skipped
from shared.sources.source import Lost, Source

by_position = attrgetter("position")


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """Counts of a survey: containers, those that are read, the entries that all of them declare.

    ``n_gone`` containers were there before, ``n_loose`` files are none of the source's.
    """

    n_containers: int
    n_read: int
    n_entries: int
    n_gone: int
    n_loose: int


def take_survey(
    database: Database, source: Source, limits: Limits, read_under: bytes, *, rescan: bool
) -> SurveyTotals:
    """Note the containers that are there now and what stands of them; forget those that are gone.

    A disk or a server may be away for a while: of a container that cannot be read now all stands
    that did. Of an unchanged one some of which could not be read, nothing stands where that can.

    Parameters
    ----------
    limits : Limits
        What a member that is tried again may cost.
    read_under : bytes
        Digest of what shapes a reading beside the container.
    rescan : bool
        Whether everything is to be read again.
    """
    n_gone, n_loose, start = database.run(_survey, source, read_under, rescan=rescan)

    def check(connection: Connection) -> None:
        if survey_start(connection) != start:
            found = "another run has used it while it could not be reached"
            raise RunError(database.where, found, "Run the same command again.")

    database.check_anew(check)
    for one in _iter_unsettled(database):
        keys = database.run(unreadable_entries, one.id)
        if any(_is_readable(source, limits, one.location, key) for key in keys):
            database.run(mark_unread, one.position)
    return SurveyTotals(*database.run(survey_totals), n_gone, n_loose)


def _survey(
    connection: Connection, source: Source, read_under: bytes, *, rescan: bool
) -> tuple[int, int, int | None]:
    n_loose = 0
    lost = []
    away = {}

    def iter_containers() -> Iterator[Container]:
        nonlocal n_loose
        for found in source.iter_found():
            if isinstance(found, Lost) and found.unreadable:
                lost.append(found.address)
            if isinstance(found, Container):
                if found.unreadable:
                    away[found.address] = found.unreadable
                yield found
            else:
                n_loose += 1

    write_survey(connection, iter_containers())
    n_gone = forget_gone(connection, str(source.directory), lost)
    mark_away(connection, away)
    mark_standing(connection, read_under, rescan=rescan)
    return n_gone, n_loose, survey_start(connection)


def iter_standing(database: Database) -> Iterator[Standing]:
    """Yield the surveyed containers in order, each with what is known of it."""
    pages = iter_pages(lambda after: database.run(standing_page, after), 0, by_position)
    return itertools.chain.from_iterable(pages)


def _iter_unsettled(database: Database) -> Iterator[Unsettled]:
    pages = iter_pages(lambda after: database.run(unsettled_page, after), 0, by_position)
    return itertools.chain.from_iterable(pages)


def _is_readable(source: Source, limits: Limits, location: str, key: EntryKey) -> bool:
    """Try an entry again; an empty key asks only whether the container opens."""
    entries = range(key[0], key[0] + 1) if key else range(1)
    try:
        for found in source.iter_members(location, limits, (), entries):
            if not key:
                return True
            if found.place.entry != key:
                continue
            if isinstance(found, Skipped):
                return found.fate is not Fate.UNREADABLE
            found.read()
            return True
    except SkipError as error:
        return error.fate is not Fate.UNREADABLE
    return True
