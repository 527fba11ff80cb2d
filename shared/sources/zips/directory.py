"""The directory of a zip file as columns: one look at all entries before any of them is read.

It finds the entries that share bytes with others, adds up what all of them unpack to, and gives
each a spelling of its own. No member is opened here.
"""

from dataclasses import dataclass
from typing import IO, NamedTuple

import numpy as np

from shared.names import respelled, spelling
from shared.sources.zips.charsets import Charset, charset_of
from shared.sources.zips.end_record import End
from shared.sources.zips.extents import Integers, extents, neighbours
from shared.sources.zips.listing import Listing, load_listing

STORED, DEFLATED = 0, 8
ENCRYPTED_FLAGS = 0x2041
"""Encrypted, strongly encrypted, or its values in the directory masked."""


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
