"""An archive as a stream of its members, nested archives walked where they stand.

Members are opened by their place, never by their name, and nothing is unpacked before it is asked
for, nested archives apart. Nothing here knows of pictures.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO

from shared.errors import Fate, SkipError
from shared.names import base_name, container_address, member_address, storable
from shared.records import EntryKey, Limits, Member, Place, Skipped
from shared.sources.files import Location, iter_chunks, length, location_of, open_archive_file
from shared.sources.zips.container import checked_end, is_archive
from shared.sources.zips.contents import Content, check_entry, located
from shared.sources.zips.directory import Directory, load_directory
from shared.sources.zips.end_record import End, end_of
from shared.sources.zips.nested import Budget, seekable

_LAST: dict[tuple[object, ...], Directory] = {}


def iter_members(
    path: Location, limits: Limits, start_after: EntryKey = (), entries: range | None = None
) -> Iterator[Member | Skipped]:
    """Yield what is in an archive, in the order of its directory.

    A nested archive that opens is yielded as skipped with the fate `archive`, and its members
    follow. Addresses are unique within the archive: the second ``1.png`` is ``1.png#2``.

    Parameters
    ----------
    path : Path or str
        The archive on disk, or the URL of one in object storage.
    limits : Limits
        What it may cost.
    start_after : tuple of int
        The ``entry`` of the last one that is not wanted again; empty for all. What comes before
        it is not read, except for what is nested in the same entry of the archive itself, as that
        shares a budget.
    entries : range or None
        Which entries of the archive itself to walk, with what is nested in them; None for all.
        No fate depends on it, nor on ``start_after``.

    Raises
    ------
    SkipError
        The archive itself cannot be opened or followed; always before anything is yielded.
    RunError
        The temporary folder, where nested archives are unpacked, cannot be written.
    """
    with open_archive_file(path) as file:
        budget = Budget(limits, length(file))
        location = location_of(path)
        end = checked_end(location, file)
        archive = _opened(file, end, container_address(location), (), budget)
        span = range(len(archive.directory)) if entries is None else entries
        first = max(span.start, *start_after[:1], 0)
        for found in _iter_archive(archive, range(first, span.stop)):
            if found.place.entry > start_after:
                yield found


@dataclass(frozen=True, eq=False, slots=True)
class _Archive:
    """An open archive; ``key`` is its place in those around it, empty for the top one."""

    file: IO[bytes]
    address: str
    key: EntryKey
    directory: Directory
    budget: Budget


def _opened(file: IO[bytes], end: End, address: str, key: EntryKey, budget: Budget) -> _Archive:
    budget.check_directory(end)
    load = load_directory if key else _last_directory
    directory = load(file, end, budget.limits.max_member_bytes)
    budget.pay(directory, depth=len(key))
    return _Archive(file, address, key, directory, budget)


def _last_directory(file: IO[bytes], end: End, max_member_bytes: int) -> Directory:
    """Load a directory, or give the one loaded last where it has the very same bytes.

    The slices of a large archive follow each other in a process, and reading its directory over
    takes far longer than comparing it.
    """
    digest = hashlib.sha256()
    for chunk in iter_chunks(file, end.start, end.size):
        digest.update(chunk)
    wanted = (digest.digest(), end, length(file), max_member_bytes)
    if wanted not in _LAST:
        _LAST.clear()
        _LAST[wanted] = load_directory(file, end, max_member_bytes)
    return _LAST[wanted]


def _iter_archive(archive: _Archive, entries: range) -> Iterator[Member | Skipped]:
    for index in range(entries.start, min(entries.stop, len(archive.directory))):
        entry = archive.directory.entry(index)
        address = member_address(archive.address, entry.spelled)
        name = storable(base_name(entry.name))
        place = Place((*archive.key, index), address, archive.address, name)
        try:
            check_entry(entry, archive.budget.limits.max_member_bytes)
            if not archive.key:
                archive.budget.check_member(archive.directory, index)
            content = located(archive.file, entry)
            head = content.head()
            inner = _nested(archive, content, place) if is_archive(entry.name, head) else None
        except SkipError as error:
            yield Skipped(place, error.fate, error.reason)
            continue
        if inner is None:
            yield Member(place, entry.size, head, content.read)
            continue
        with closing(inner.file):
            yield Skipped(place, Fate.ARCHIVE)
            yield from _iter_archive(inner, range(len(inner.directory)))


def _nested(outer: _Archive, content: Content, place: Place) -> _Archive:
    budget = outer.budget if outer.key else outer.budget.of_entry(content.entry.packed)
    budget.check_depth(len(place.entry))
    file = seekable(content)
    try:
        return _opened(file, end_of(file), place.address, place.entry, budget)
    except SkipError:
        file.close()
        raise
