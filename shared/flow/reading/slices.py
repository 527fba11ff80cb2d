"""Units of work: an archive, a folder, or a slice of a large one, read by itself anywhere.

A unit needs nothing of the process that made it, so it can run here, in another process or on
another machine that sees the same files. Nothing is written but by whoever receives the readings,
thumbnails apart.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from shared.database.engine import DatabasePlace, open_for_reading
from shared.database.surveys import Standing
from shared.errors import Fate, SkipError
from shared.flow.reading.known import known_in, opened_others
from shared.metadata.loading import load_metadata
from shared.pictures.embedders.choosing import Embedder
from shared.records import EntryKey, Limits, Member, Reading, Skipped
from shared.results.thumbnails import ThumbnailFolder
from shared.sources.source import Source

if TYPE_CHECKING:
    from shared.flow.reading.thumbnails import ThumbnailMaker

MIN_SLICE_ENTRIES = 256
MAX_SLICE_ENTRIES = 4096
"""Bounds what is in memory of a unit, and written at once: with its vector, about 3 KB a member."""
N_SLICES = 16
"""How many are aimed at: each opens its container anew, and a process's first parses it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Entries of one container: those of ``entries``, from the one after ``start_after`` on.

    A result holds ``most`` members at most.
    """

    standing: Standing
    entries: range
    start_after: EntryKey
    most: int


@dataclass(frozen=True, eq=False, slots=True)
class UnitResult:
    """Readings of a unit. ``rest`` is what is left where the unit held more than one result may.

    ``fate`` and ``reason`` tell why the container could not be opened.
    """

    readings: list[Reading]
    rest: Unit | None = None
    fate: Fate | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """All that reading depends on beside the containers. Picklable.

    ``cache_folder`` is the output folder: the metadata's index and the databases of other stages
    are there. ``metadata_json`` is None where there is none yet, ``embedder`` where none is at
    hand. It ``makes_thumbnails`` of what is decoded in the output folder.
    """

    source: Source
    limits: Limits
    database: DatabasePlace
    cache_folder: Path
    metadata_json: Path | None
    embedder: Embedder | None
    makes_thumbnails: bool = False

    @property
    def embedder_name(self) -> str:
        """Name under which its vectors are kept; empty where none is at hand."""
        return str(self.embedder.name) if self.embedder else ""


def iter_units(standing: Standing, after: EntryKey) -> Iterator[Unit]:
    """Cut a container into slices, of the same size whoever reads them.

    Parameters
    ----------
    standing : Standing
        The container.
    after : tuple of int
        The last entry that has been read already; empty where none has.
    """
    size = -(-standing.n_entries // N_SLICES)
    size = min(max(size, MIN_SLICE_ENTRIES), MAX_SLICE_ENTRIES)
    starts = range(0, max(standing.n_entries, 1), size)
    for start in starts:
        # What a container declares may be less than what it holds: the last slice has no end.
        entries = range(start, 2**62 if start == starts[-1] else start + size)
        if not after or after[0] <= entries[-1]:
            # More than plain entries can be, so that only nested archives leave a rest, and few:
            # one that goes on in the next result is unpacked anew for it.
            yield Unit(standing, entries, after, MAX_SLICE_ENTRIES + 1)


def iter_held(unit: Unit, context: ReadingContext) -> Iterator[Member | Skipped]:
    """Yield the members of a unit, as many as one result may hold.

    Raises
    ------
    SkipError
        Where the container cannot be opened.
    """
    members = context.source.iter_members(
        unit.standing.location, context.limits, unit.start_after, unit.entries
    )
    return itertools.islice(members, unit.most)


class Reader:
    """Reads units. Open as a context manager; it holds a connection and the metadata."""

    def __init__(self, context: ReadingContext) -> None:
        self._context = context
        self._open = ExitStack()
        self._thumbnails: ThumbnailMaker | None = None

    def __enter__(self) -> Self:
        context = self._context
        database = self._open.enter_context(open_for_reading(context.database))
        metadata = (
            load_metadata(context.metadata_json, context.cache_folder)
            if context.metadata_json
            else None
        )
        others = self._open.enter_context(opened_others(context.cache_folder, context.database))
        self._known = known_in(database, metadata, context.embedder_name, others)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def read(self, unit: Unit) -> UnitResult:
        """Read a unit, or as much of it as one result may hold."""
        from shared.flow.reading.readings import iter_readings  # noqa: PLC0415 - a run may do without Pillow
        from shared.flow.reading.thumbnails import ThumbnailMaker  # noqa: PLC0415

        context = self._context
        if context.makes_thumbnails and not self._thumbnails:
            self._thumbnails = ThumbnailMaker(ThumbnailFolder.of(context.cache_folder))
        try:
            members = iter_held(unit, context)
            found = iter_readings(
                members, context.limits, self._known, context.embedder, self._thumbnails
            )
            new = list(found)
        except SkipError as error:
            return UnitResult([], None, error.fate, error.reason)
        readings = list(self._known.iter_completed(new))
        rest = (
            replace(unit, start_after=readings[-1].place.entry)
            if len(readings) == unit.most
            else None
        )
        return UnitResult(readings, rest)
