"""What is there now, beside what the database knows: the start of every run."""

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from operator import attrgetter

from shared.batching import iter_batches, iter_pages
from shared.database.bulk import PAGE
from shared.database.containers import mark_away, unreadable_entries, unsettled_page
from shared.database.engine import Connection, Database
from shared.database.surveys import (
    Missing,
    Standing,
    Unsettled,
    forget,
    is_in_lost,
    is_some_there,
    keep_missing,
    mark_standing,
    mark_unread,
    missing_page,
    standing_page,
    survey_start,
    survey_totals,
    write_survey,
)
from shared.errors import Fate, RunError, SkipError
from shared.names import container_location
from shared.progress import Progress
from shared.records import Container, EntryKey, Limits, Skipped
from shared.sources.source import Lost, Source

by_position = attrgetter("position")
_ASK = "; is its drive mounted? --forget_gone forgets it"


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """Counts of a survey: containers, those that are read or away, the entries that they declare.

    ``n_loose`` files are none of the source's.
    """

    n_containers: int
    n_read: int
    n_away: int
    n_entries: int
    gone: "Gone"
    n_loose: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What a run has forgotten, as it is not there any more: containers, images, score rows.

    All of that lay ``below`` one folder.
    """

    n_containers: int = 0
    n_images: int = 0
    n_rows: int = 0
    below: str = ""

    def words(self, kind: str) -> str:
        """Say it in a sentence."""
        rows = f" and {self.n_rows:,} rows" if self.n_rows else ""
        images = f"{self.n_images:,} images{rows}"
        return f"gone: {self.n_containers:,} {kind} with {images} below {self.below}"


def take_survey(
    database: Database,
    source: Source,
    limits: Limits,
    read_under: bytes,
    *,
    rescan: bool,
    forget_gone: bool = False,
) -> SurveyTotals:
    """Note the containers that are there now and what stands of them; forget those that are gone.

    A disk or a server may be away for a while: of a container that cannot be read now all stands
    that did, and so it does where nothing is left of what was known of a directory, or where a
    whole folder is empty that was not. Of an unchanged one some of which could not be read,
    nothing stands where that can.

    Parameters
    ----------
    limits : Limits
        What a member that is tried again may cost.
    read_under : bytes
        Digest of what shapes a reading beside the container.
    rescan : bool
        Whether everything is to be read again.
    forget_gone : bool
        Whether what is not there is gone for good.
    """
    gone, n_loose, start = database.run(
        _survey, source, read_under, rescan=rescan, forget_gone=forget_gone
    )

    def check(connection: Connection) -> None:
        if survey_start(connection) != start:
            found = "another run has used it while it could not be reached"
            raise RunError(database.where, found, "Run the same command again.")

    database.check_anew(check)
    for one in _iter_unsettled(database):
        keys = database.run(unreadable_entries, one.id)
        if any(_is_readable(source, limits, one.location, key) for key in keys):
            database.run(mark_unread, one.position)
    return SurveyTotals(*database.run(survey_totals), gone, n_loose)


def _survey(
    connection: Connection, source: Source, read_under: bytes, *, rescan: bool, forget_gone: bool
) -> tuple[Gone, int, int | None]:
    n_loose = 0
    lost: list[str] = []
    away: dict[str, str] = {}

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
    gone = _settle_missing(connection, source, lost, away, forget_gone=forget_gone)
    mark_away(connection, away)
    mark_standing(connection, read_under, rescan=rescan)
    return gone, n_loose, survey_start(connection)


def _settle_missing(
    connection: Connection,
    source: Source,
    lost: Sequence[str],
    away: dict[str, str],
    *,
    forget_gone: bool,
) -> Gone:
    """Forget what is not there any more; what a drive may have taken along is away."""
    directory = str(source.directory)
    is_left = cache(partial(is_some_there, connection))

    def reason(one: Missing, location: str) -> str:
        if not is_left(directory):
            return f"not there, as all that was known of {directory}{_ASK}"
        folder, why = source.lost_folder(location, one.device) or (directory, "")
        return "" if is_left(folder) else f"not there: {folder} {why}{_ASK}"

    gone = Gone()
    kept: list[Missing] = []
    pages = iter_pages(
        lambda after: missing_page(connection, directory, after), 0, attrgetter("id")
    )
    for page in pages:
        ids = []
        for one in page:
            if is_in_lost(one.address, lost):
                continue
            location = container_location(one.address)
            why = reason(one, location) if one.stands and not forget_gone else ""
            if why:
                away[one.address] = why
                kept.append(one)
            else:
                ids.append(one.id)
                below = os.path.commonpath([gone.below or location, os.path.dirname(location)])  # noqa: PTH120
                gone = replace(gone, below=below)
        n_images, n_rows = forget(connection, ids)
        gone = Gone(
            gone.n_containers + len(ids),
            gone.n_images + n_images,
            gone.n_rows + n_rows,
            gone.below,
        )
    # Not before all are judged: what is kept would pass for what is there.
    for some in iter_batches(kept, PAGE):
        keep_missing(connection, some)
    return gone


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


def say_what_is_not_there(source: Source, totals: SurveyTotals, progress: Progress) -> None:
    """Tell what a survey has forgotten, and that there is nothing at all."""
    if totals.gone.n_containers:
        progress.say(totals.gone.words(source.kind))
    elif not totals.n_containers:
        progress.say(f"{source.directory}: no {source.kind} are there, and none were")
