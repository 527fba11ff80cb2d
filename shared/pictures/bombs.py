"""Small files that would cost hours or gigabytes, told before they do.

The number of pixels is not looked at here, only what else a decoder does once per piece of the
file. Every limit is far beyond what cameras and programs write; each figure in a comment was
measured with Pillow 13 on one core.
"""

import io
import re
import struct
from collections.abc import Iterator

from shared.errors import Fate, SkipError

MAX_READS = 2_500_000
"""Pillow reads chunks, blocks and headers one by one, at about a microsecond each."""
MAX_SCAN_MEGAPIXELS = 5_000
"""Scans of a JPEG times its megapixels; 0.4 ms each. Programs write 1 to 20 scans."""
MAX_TIFF_NUMBERS = 2**18
"""Numbers in one TIFF tag. 2,000,000 strips in 8 MB of file took 9 s and half a gigabyte."""
MAX_PLAIN_BYTES = 16 * 2**20
"""A PNM written in decimal digits is parsed at 5 MB/s."""

_SCAN = re.compile(rb"\xff\xda\0[\x08\x0a\x0c\x0e][\x01-\x04]")
_PLAIN_PNM = (b"P1", b"P2", b"P3")
_BYTE_TYPES = (1, 2, 7)
_SUB_DIRECTORIES = (34665, 34853, 40965)


class CountedReader(io.BytesIO):
    """A file in memory that allows so many reads and notes when it could not give enough.

    ``ran_out`` tells a truncated picture from a corrupt one. A read of a whole block that gets
    the rest of the file is what every decoder does at the end, so it does not count.
    """

    BLOCK_BYTES = 65_536

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.ran_out = False
        self._reads_left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does."""
        self._reads_left -= 1
        if self._reads_left < 0:
            raise SkipError(Fate.TOO_LARGE, f"in more than {MAX_READS:,} pieces")
        data = super().read(size)
        if size is not None and len(data) < size:
            self.ran_out |= not data or size < self.BLOCK_BYTES
        return data


def check_before_opening(picture_format: str, content: bytes) -> None:
    """Raise `SkipError` for what would already be costly to open."""
    if picture_format == "TIFF":
        for count in _iter_tiff_counts(content):
            if count > MAX_TIFF_NUMBERS:
                reason = f"a TIFF tag of {count:,} numbers, allowed {MAX_TIFF_NUMBERS:,}"
                raise SkipError(Fate.TOO_LARGE, reason)
    if content.startswith(_PLAIN_PNM) and len(content) > MAX_PLAIN_BYTES:
        found, allowed = len(content) / 2**20, MAX_PLAIN_BYTES / 2**20
        raise SkipError(Fate.TOO_LARGE, f"{found:.0f} MiB of plain PNM, allowed {allowed:.0f}")


def check_before_decoding(picture_format: str, content: bytes, megapixels: float) -> None:
    """Raise `SkipError` for what would be costly to decode, given its size."""
    if picture_format != "JPEG":
        return
    n_scans = sum(1 for _ in _SCAN.finditer(content))
    if n_scans * megapixels > MAX_SCAN_MEGAPIXELS:
        reason = f"{n_scans:,} scans, allowed {MAX_SCAN_MEGAPIXELS / megapixels:,.0f} at its size"
        raise SkipError(Fate.TOO_LARGE, reason)


def _iter_tiff_counts(content: bytes) -> Iterator[int]:
    """Yield the length of each tag that Pillow makes Python numbers of, and of each directory."""
    order = "<" if content.startswith(b"II") else ">"
    is_big = 43 in content[2:4]
    number, entry = (f"{order}Q", f"{order}HHQQ") if is_big else (f"{order}L", f"{order}HHLL")
    head = f"{order}Q" if is_big else f"{order}H"
    offsets = [_number(number, content, 8 if is_big else 4)]
    for offset in offsets:
        n_entries = _number(head, content, offset)
        yield n_entries
        start, size = offset + struct.calcsize(head), struct.calcsize(entry)
        table = content[start : start + n_entries * size]
        for tag, kind, count, value in struct.iter_unpack(
            entry, table[: len(table) // size * size]
        ):
            if kind not in _BYTE_TYPES:
                yield count
            if tag in _SUB_DIRECTORIES and len(offsets) <= len(_SUB_DIRECTORIES):
                offsets.append(value)


def _number(layout: str, content: bytes, offset: int) -> int:
    piece = content[offset : offset + struct.calcsize(layout)]
    return int(struct.unpack(layout, piece)[0]) if len(piece) == struct.calcsize(layout) else 0
