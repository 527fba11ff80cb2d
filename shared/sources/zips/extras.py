"""Extra fields of a zip entry: numbers too wide for its record, and its name in Unicode.

A field that is cut off or makes no sense is passed over: it must not sink the archive.
Format: PKWARE APPNOTE 6.3.10, sections 4.5.3 and 4.6.9.
"""

import struct
import zlib

_ZIP64 = 0x0001
_UNICODE_PATH = 0x7075
_HEADER = struct.Struct("<HH")


def extra_field(extra: bytes, tag: int) -> bytes | None:
    """Content of the first extra field with a tag; None where there is none, or a broken one."""
    place = 0
    while place + _HEADER.size <= len(extra):
        found, n_bytes = _HEADER.unpack_from(extra, place)
        place += _HEADER.size
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
