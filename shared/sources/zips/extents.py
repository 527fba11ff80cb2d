"""Where the entries of a zip file lie, and which of them lie on each other.

Only the directory is asked: where an entry's own header is longer than it tells, `contents`
notices. Format: PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.5.3.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.sources.zips.end_record import End
from shared.sources.zips.extras import widened
from shared.sources.zips.listing import Listing

LOCAL_HEADER_BYTES = 30
_TOP = 0xFFFFFFFF
_ABSURD = 2**44
"""16 TiB: no archive is as long; and sums of half a million such numbers fit 64 bits."""

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


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
