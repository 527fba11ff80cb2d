"""The records of a zip file's directory, one row each, as they are written there.

Nothing is judged here beyond that one can be followed to the next.
Format: PKWARE APPNOTE 6.3.10, section 4.3.12.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import Fate, SkipError
from shared.sources.zips.charsets import RawName
from shared.sources.zips.end_record import RECORD_BYTES, RECORD_MAGIC, End
from shared.sources.zips.files import read_at

Rows: TypeAlias = NDArray[np.void]
_RECORD = np.dtype(
    [
        ("magic", "S4"),
        ("version_made", "u1"),
        ("system", "u1"),
        ("version_needed", "<u2"),
        ("flags", "<u2"),
        ("method", "<u2"),
        ("time", "<u4"),
        ("crc", "<u4"),
        ("packed", "<u4"),
        ("size", "<u4"),
        ("name_bytes", "<u2"),
        ("extra_bytes", "<u2"),
        ("comment_bytes", "<u2"),
        ("disk", "<u2"),
        ("internal", "<u2"),
        ("attributes", "<u4"),
        ("offset", "<u4"),
    ]
)
_FACTS = struct.Struct("<4xxBxxHH4xL18xL4x")
_LENGTHS = struct.Struct("<28xHHH")
_NAME = struct.Struct("<8xH18xHH")
_UTF8_FLAG = 0x0800


@dataclass(frozen=True, eq=False, slots=True)
class Listing:
    """A directory's bytes, where each record starts in them, and the records' fixed parts."""

    raw: bytes
    positions: "array[int]"
    records: Rows

    def __len__(self) -> int:
        return len(self.positions)

    def facts(self, index: int) -> tuple[int, int, int, int, int]:
        """Host system, flags, method, CRC and file attributes of an entry."""
        system, flags, method, crc, attributes = _FACTS.unpack_from(self.raw, self.positions[index])
        return system, flags, method, crc, attributes

    def raw_name(self, index: int) -> RawName:
        """Name of an entry, not decoded yet, with the extra fields that may say more of it."""
        return self._name_at(self.positions[index])

    def iter_raw_names(self) -> Iterator[RawName]:
        """Yield the names of all entries."""
        return map(self._name_at, self.positions)

    def _name_at(self, position: int) -> RawName:
        flags, name_bytes, extra_bytes = _NAME.unpack_from(self.raw, position)
        start = position + RECORD_BYTES
        extra = start + name_bytes
        return RawName(
            self.raw[start:extra], bool(flags & _UTF8_FLAG), self.raw[extra : extra + extra_bytes]
        )


def load_listing(file: IO[bytes], end: End) -> Listing:
    """Read all records of a directory.

    Raises
    ------
    SkipError
        `corrupt` where the records cannot be followed, or are fewer than declared.
    """
    raw = read_at(file, end.start, end.size)
    positions = _positions(raw)
    records = _records(raw, positions)
    if (records["magic"] != RECORD_MAGIC).any() or len(records) < end.n_entries:
        raise _damaged()
    return Listing(raw, positions, records)


def _positions(raw: bytes) -> "array[int]":
    positions = array("q")
    place = 0
    try:
        while place < len(raw):
            positions.append(place)
            name_bytes, extra_bytes, comment_bytes = _LENGTHS.unpack_from(raw, place)
            place += RECORD_BYTES + name_bytes + extra_bytes + comment_bytes
    except struct.error:
        raise _damaged() from None
    if place != len(raw):
        raise _damaged()
    return positions


def _records(raw: bytes, positions: "array[int]") -> Rows:
    if not positions:
        return np.empty(0, _RECORD)
    content = np.frombuffer(raw, np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(content, RECORD_BYTES)
    return windows[np.frombuffer(positions, np.int64)].view(_RECORD).reshape(-1)


def _damaged() -> SkipError:
    return SkipError(Fate.CORRUPT, "its directory is damaged and cannot be followed to its end")
