"""The records of a zip file's directory, one row each, and the extra fields in them.

Nothing is judged here beyond that one record can be followed to the next; an extra field that is
cut off or makes no sense is passed over: it must not sink the archive.
Format: PKWARE APPNOTE 6.3.10, sections 4.3.12, 4.5.3 and 4.6.9.
"""

import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import Fate, SkipError
from shared.sources.files import read_at
from shared.sources.zips.end_record import RECORD_BYTES, RECORD_MAGIC, End

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
_ZIP64 = 0x0001
_UNICODE_PATH = 0x7075
_FIELD = struct.Struct("<HH")


class RawName(NamedTuple):
    """A name as its record holds it: bytes, whether they are flagged UTF-8, extra fields."""

    content: bytes
    flagged: bool
    extra: bytes


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
        flags, name_bytes, extra_bytes = _NAME.unpack_from(self.raw, self.positions[index])
        start = self.positions[index] + RECORD_BYTES
        extra = start + name_bytes
        return RawName(
            self.raw[start:extra], bool(flags & _UTF8_FLAG), self.raw[extra : extra + extra_bytes]
        )

    def iter_raw_names(self) -> Iterator[RawName]:
        """Yield the names of all entries."""
        return map(self.raw_name, range(len(self)))


def load_listing(file: IO[bytes], end: End) -> Listing:
    """Read all records of a directory.

    Raises
    ------
    SkipError
        `corrupt` where the records cannot be followed, or are fewer than declared.
    """
    raw = read_at(file, end.start, end.size)
    positions = _positions(raw)
    records = np.empty(0, _RECORD)
    if positions:
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(raw, "u1"), RECORD_BYTES)
        records = windows[np.frombuffer(positions, np.int64)].view(_RECORD).reshape(-1)
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


def _damaged() -> SkipError:
    return SkipError(Fate.CORRUPT, "its directory is damaged and cannot be followed to its end")


def extra_field(extra: bytes, tag: int) -> bytes | None:
    """Content of the first extra field with a tag; None where there is none, or a broken one."""
    place = 0
    while place + _FIELD.size <= len(extra):
        found, n_bytes = _FIELD.unpack_from(extra, place)
        place += _FIELD.size
        if found == tag:
            return extra[place : place + n_bytes] if place + n_bytes <= len(extra) else None
        place += n_bytes
    return None


def widened(extra: bytes, numbers: tuple[int, ...], top: int = 0xFFFFFFFF) -> tuple[int, ...]:
    """Replace each number that is ``top`` by the 64-bit one of the ZIP64 field.

    Parameters
    ----------
    extra : bytes
        All extra fields of the entry.
    numbers : tuple of int
        Size, packed size and offset as the record gives them, in this order.

    Raises
    ------
    ValueError
        A number is ``top`` and the ZIP64 field does not give it.
    """
    field = extra_field(extra, _ZIP64) or b""
    n_wide = numbers.count(top)
    if len(field) < 8 * n_wide:
        raise ValueError("no ZIP64 field for a number that needs one")
    wide = iter(struct.unpack_from(f"<{n_wide}Q", field))
    return tuple(next(wide) if number == top else number for number in numbers)


def unicode_path(extra: bytes, raw_name: bytes) -> str | None:
    """Name from Info-ZIP's Unicode path field, where there is one and it is of this very name."""
    field = extra_field(extra, _UNICODE_PATH) or b""
    if field[:1] != b"\x01" or field[1:5] != zlib.crc32(raw_name).to_bytes(4, "little"):
        return None
    try:
        return field[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None
