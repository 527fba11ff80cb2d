"""The record at the end of a zip file, which tells where its directory is.

Where readers would disagree about what the archive holds (two end records, a ZIP64 record that
says something else, other archive data in front), it is refused rather than guessed at.
Format: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from shared.errors import Fate, SkipError
from shared.records import HEAD_BYTES
from shared.sources.files import length, other_archive, read_at

LOCAL_MAGIC = b"PK\x03\x04"
RECORD_MAGIC = b"PK\x01\x02"
RECORD_BYTES = 46
"""The least that one entry takes in a directory."""
END_MAGIC = b"PK\x05\x06"
LOCATOR_MAGIC = b"PK\x06\x07"
END64_MAGIC = b"PK\x06\x06"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_MAX_COMMENT_BYTES = 0xFFFF
_BEFORE_END = _LOCATOR.size + _END64.size


@dataclass(frozen=True, slots=True)
class End:
    """Where an archive's directory is, in bytes of its file.

    ``shift`` is how much junk stands in front of the archive: all its own offsets are short by it.
    ``exact`` tells that the archive ends where its file ends.
    """

    start: int
    size: int
    n_entries: int
    shift: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Tail:
    """The last bytes of a file, and the offset at which they start."""

    file: IO[bytes]
    content: bytes
    start: int


def end_of(file: IO[bytes]) -> End:
    """Find the end record and check that a directory stands where it says.

    Raises
    ------
    SkipError
        `not_a_zip`, `truncated`, or `corrupt` where readers could disagree or the disk fails.
    """
    size = length(file)
    start = max(0, size - _BEFORE_END - _END.size - _MAX_COMMENT_BYTES)
    tail = _Tail(file, read_at(file, start, size - start), start)
    end = _chosen(tail)
    if end.shift and read_at(file, 0, 4) == LOCAL_MAGIC:
        fate = Fate.CORRUPT if end.exact else Fate.TRUNCATED
        raise SkipError(fate, "other archive data stands in front: cut off, or two archives joined")
    return end


def _chosen(tail: _Tail) -> End:
    """Take the one end record that the file ends with; where junk follows, the last that fits."""
    places = list(_iter_places(tail.content))
    exact = [place for place in places if _is_exact(tail.content, place)]
    fits: list[End] = []
    problem = None
    for place in exact or places:
        try:
            fits.append(_end_at(tail, place))
        except SkipError as error:
            problem = problem or error
    if not fits:
        raise problem or _without_end(tail)
    if exact and len(fits) > 1:
        raise SkipError(Fate.CORRUPT, "has two end records, each with a directory of its own")
    return next((end for end in fits if end.size), fits[0])


def _iter_places(content: bytes) -> Iterator[int]:
    place = content.rfind(END_MAGIC)
    while place >= 0:
        if place + _END.size <= len(content):
            yield place
        place = content.rfind(END_MAGIC, 0, place)


def _is_exact(content: bytes, place: int) -> bool:
    comment_bytes = int.from_bytes(content[place + 20 : place + 22], "little")
    return place + _END.size + comment_bytes == len(content)


def _end_at(tail: _Tail, place: int) -> End:
    fields = _END.unpack_from(tail.content, place)
    _, disk, start_disk, _, n_entries, size, offset, _ = fields
    position = tail.start + place
    locator = place - _LOCATOR.size
    if locator >= 0 and tail.content.startswith(LOCATOR_MAGIC, locator):
        position -= _BEFORE_END
        disk, start_disk, n_entries, size, offset = _zip64(tail.content, place, fields)
    if (disk, start_disk) != (0, 0):
        raise SkipError(Fate.TRUNCATED, f"one of {disk + 1} parts of a split archive; join them")
    start = position - size
    end = End(start, size, n_entries, start - offset, _is_exact(tail.content, place))
    if end.shift < 0:
        raise SkipError(Fate.TRUNCATED, f"at least {-end.shift:,} bytes are missing")
    if n_entries * RECORD_BYTES > size:
        raise SkipError(
            Fate.CORRUPT, f"its directory has no room for the {n_entries:,} entries declared"
        )
    if size and read_at(tail.file, start, 4) != RECORD_MAGIC:
        raise SkipError(Fate.CORRUPT, "no directory where its end record says that it is")
    return end


def _zip64(content: bytes, place: int, fields: tuple[int, ...]) -> tuple[int, int, int, int, int]:
    """Read the ZIP64 end record in front of a plain one, which must agree with it."""
    before = place - _BEFORE_END
    if before < 0 or not content.startswith(END64_MAGIC, before):
        raise SkipError(Fate.CORRUPT, "its ZIP64 locator points elsewhere than to its ZIP64 record")
    record = _END64.unpack_from(content, before)
    disk, start_disk, _, n_entries, size, offset = record[4:]
    _, _, locator_offset, _ = _LOCATOR.unpack_from(content, place - _LOCATOR.size)
    if locator_offset != offset + size:
        raise SkipError(Fate.CORRUPT, "its ZIP64 locator points elsewhere than to its ZIP64 record")
    wide = (disk, start_disk, n_entries, size, offset)
    narrow = (fields[1], fields[2], *fields[4:7])
    tops = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    if any(n not in (w, top) for n, w, top in zip(narrow, wide, tops, strict=True)):
        raise SkipError(Fate.CORRUPT, "its end record and its ZIP64 record disagree")
    return wide


def _without_end(tail: _Tail) -> SkipError:
    if not tail.content:
        return SkipError(Fate.NOT_A_ZIP, "an empty file")
    head = read_at(tail.file, 0, HEAD_BYTES)
    if head.startswith(LOCAL_MAGIC):
        return SkipError(Fate.TRUNCATED, "begins like a zip archive, but its end is missing")
    if kind := other_archive("", head):
        return SkipError(Fate.NOT_A_ZIP, f"{kind}, whatever its name says; zip is read")
    return SkipError(Fate.NOT_A_ZIP, "not a zip archive, whatever its name says")
