"""The directory of a zip file as columns: one look at all entries before any of them is read.

It finds the entries that share bytes with others, adds up what all of them unpack to, and gives
each a spelling of its own. No member is opened: where an entry's own header is longer than the
directory tells, `contents` notices. Format: PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.5.3.
"""

from dataclasses import dataclass
from typing import IO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.names import respelled, spelling
from shared.sources.zips.charsets import Charset, charset_of
from shared.sources.zips.end_record import End
from shared.sources.zips.listing import Listing, load_listing, widened

STORED, DEFLATED = 0, 8
ENCRYPTED_FLAGS = 0x2041
"""Encrypted, strongly encrypted, or its values in the directory masked."""
LOCAL_HEADER_BYTES = 30
_TOP = 0xFFFFFFFF
_ABSURD = 2**44
"""16 TiB: no archive is as long; and sums of half a million such numbers fit 64 bits."""

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class Entry(NamedTuple):
    """One entry as its directory describes it; offsets and sizes in bytes of the file.

    ``spelled`` is the name as it stands in the address. All of the entry has to come before
    ``limit``, where the next one or the directory starts. ``sound`` is false where its numbers
    make no sense.
    """

    name: str
    spelled: str
    raw_name: bytes
    system: int
    flags: int
    method: int
    crc: int
    attributes: int
    size: int
    packed: int
    offset: int
    limit: int
    overlaps: bool
    sound: bool


@dataclass(frozen=True, eq=False, slots=True)
class Directory:
    """All entries of one archive, in the directory's order.

    ``numbers`` (n_entries, 6) are the last six fields of `Entry`. ``unpacked`` (n_entries,) is
    what an entry and all before it unpack to, those apart that are refused by what the directory
    says of them.
    """

    listing: Listing
    numbers: Integers
    unpacked: Integers
    charset: Charset
    spellings: dict[int, str]

    def __len__(self) -> int:
        return len(self.listing)

    def entry(self, index: int) -> Entry:
        """Give one entry."""
        raw_name = self.listing.raw_name(index)
        name = self.charset.text(raw_name)
        size, packed, offset, limit, overlaps, sound = self.numbers[index].tolist()
        return Entry(
            name,
            self.spellings.get(index) or spelling(name),
            raw_name.content,
            *self.listing.facts(index),
            size,
            packed,
            offset,
            limit,
            bool(overlaps),
            bool(sound),
        )


def load_directory(file: IO[bytes], end: End, max_member_bytes: int) -> Directory:
    """Read the directory of an archive and look it over.

    Raises
    ------
    SkipError
        `corrupt` where it cannot be followed from entry to entry.
    """
    listing = load_listing(file, end)
    found = extents(listing, end)
    limits, overlaps = neighbours(found, end.start)
    is_read = (
        found.sound
        & ~overlaps
        & (listing.records["flags"] & ENCRYPTED_FLAGS == 0)
        & np.isin(listing.records["method"], (STORED, DEFLATED))
        & (np.maximum(found.size, found.packed) <= max_member_bytes)
    )
    numbers = (found.size, found.packed, found.offset, limits, overlaps, found.sound)
    charset = charset_of(listing.iter_raw_names())
    return Directory(
        listing,
        np.stack(numbers, axis=1, dtype=np.int64),
        np.cumsum(np.where(is_read, found.size, 0)),
        charset,
        respelled(spelling(charset.text(name)) for name in listing.iter_raw_names()),
    )


@dataclass(frozen=True, eq=False, slots=True)
class Extents:
    """Sizes and offsets in bytes of the file, all (n_entries,).

    ``shortest`` is the least that an entry takes: its header without name and extra fields, which
    may differ from the directory's, and its data. ``sound`` is false where the numbers cannot be.
    """

    size: Integers
    packed: Integers
    offset: Integers
    shortest: Integers
    sound: Flags


def extents(listing: Listing, end: End) -> Extents:
    """Take the entries' numbers together, the wide ones of ZIP64 included."""
    records = listing.records
    numbers = np.stack([records[f].astype(np.int64) for f in ("size", "packed", "offset")])
    sound = np.ones(len(listing), np.bool_)
    for index in np.flatnonzero((numbers == _TOP).any(axis=0)):
        numbers[:, index], sound[index] = _wide(listing, int(index), numbers[:, index].tolist())
    size, packed, offset = numbers
    offset += end.shift
    shortest = LOCAL_HEADER_BYTES + packed
    sound &= (offset + shortest <= end.start) & np.isin(records["disk"], (0, 0xFFFF))
    return Extents(size, packed, offset, shortest, sound)


def _wide(listing: Listing, index: int, numbers: list[int]) -> tuple[tuple[int, ...], bool]:
    try:
        wide = widened(listing.raw_name(index).extra, tuple(numbers), _TOP)
    except ValueError:
        return (0, 0, 0), False
    return (wide, True) if max(wide) < _ABSURD else ((0, 0, 0), False)


def neighbours(found: Extents, directory: int) -> tuple[Integers, Flags]:
    """Find where each entry has to end, and which entries share bytes with others.

    Parameters
    ----------
    found : Extents
        The entries, in any order.
    directory : int
        Offset of the directory, where the last of them has to end.

    Returns
    -------
    limits : ndarray of int64, (n_entries,)
        Offset of what comes next: another entry, or the directory.
    overlaps : ndarray of bool, (n_entries,)
        Whether the least that an entry takes reaches into another or is reached into.
    """
    # What cannot be takes no place, behind all else, so that it cannot discredit the others.
    offset = np.where(found.sound, found.offset, directory)
    order = np.argsort(offset, kind="stable")
    starts = offset[order]
    ends = starts + np.where(found.sound, found.shortest, 0)[order]
    following = np.append(starts, directory)[1:]
    furthest = np.append(0, np.maximum.accumulate(ends))[:-1]
    limits, overlaps = np.empty_like(starts), np.empty(len(order), np.bool_)
    limits[order] = following
    overlaps[order] = (ends > following) | (furthest > starts)
    return limits, overlaps
