"""Zip archives byte by byte, so that each field can lie: what zipfile would refuse to write."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

STORED, DEFLATED, BZIP2, LZMA, AES = 0, 8, 12, 14, 99
ENCRYPTED, DESCRIPTOR, STRONG, UTF8 = 0x1, 0x8, 0x40, 0x800
UNIX, DOS = 3, 0
_LOCAL = struct.Struct("<4s5H3L2H")
_RECORD = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_TIME = (0, 0x21)


def deflate(content: bytes) -> bytes:
    """Pack bytes as a raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@dataclass(frozen=True)
class Part:
    """One entry; what is None is as it should be for ``content`` packed by ``method``."""

    name: str | bytes
    content: bytes = b""
    method: int = STORED
    flags: int = 0
    data: bytes | None = None
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    system: int = UNIX
    attributes: int = 0
    disk: int = 0
    offset: int | None = None
    magic: bytes = b"PK\x03\x04"
    record_magic: bytes = b"PK\x01\x02"
    tail: bytes = b""

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def all_flags(self) -> int:
        is_text = isinstance(self.name, str) and not self.name.isascii()
        return self.flags | (UTF8 if is_text else 0)

    @property
    def all_data(self) -> bytes:
        if self.data is not None:
            return self.data
        return deflate(self.content) if self.method == DEFLATED else self.content

    @property
    def numbers(self) -> tuple[int, int, int]:
        """CRC, packed size and size as the directory gives them."""
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        packed = len(self.all_data) if self.packed is None else self.packed
        return crc, packed, len(self.content) if self.size is None else self.size

    def local(self) -> bytes:
        """Give the entry's own header and its data."""
        name = self.raw_name if self.local_name is None else self.local_name
        numbers = (0, 0, 0) if self.flags & DESCRIPTOR else self.numbers
        header = _LOCAL.pack(
            self.magic,
            20,
            self.all_flags,
            self.method,
            *_TIME,
            *numbers,
            len(name),
            len(self.local_extra),
        )
        return header + name + self.local_extra + self.all_data + self.tail

    def record(self, offset: int) -> bytes:
        """Give the entry's record in the directory."""
        fixed = _RECORD.pack(
            self.record_magic,
            self.system << 8 | 20,
            20,
            self.all_flags,
            self.method,
            *_TIME,
            *self.numbers,
            len(self.raw_name),
            len(self.extra),
            len(self.comment),
            self.disk,
            0,
            self.attributes,
            offset if self.offset is None else self.offset,
        )
        return fixed + self.raw_name + self.extra + self.comment


@dataclass(frozen=True)
class Ending:
    """What the end of the archive says; what is None is as it should be."""

    n_entries: int | None = None
    size: int | None = None
    offset: int | None = None
    disk: int = 0
    comment: bytes = b""
    comment_bytes: int | None = None

    def pack(self, n_entries: int, size: int, offset: int) -> bytes:
        n_entries = n_entries if self.n_entries is None else self.n_entries
        n_comment = len(self.comment) if self.comment_bytes is None else self.comment_bytes
        return (
            _END.pack(
                b"PK\x05\x06",
                self.disk,
                self.disk,
                n_entries,
                n_entries,
                size if self.size is None else self.size,
                offset if self.offset is None else self.offset,
                n_comment,
            )
            + self.comment
        )


@dataclass(frozen=True)
class Ending64:
    """An end with a ZIP64 record and its locator, ``astray`` by some bytes."""

    astray: int = 0
    extra_entries: int = 0
    magic: bytes = b"PK\x06\x06"
    narrow: Ending = Ending(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)

    def pack(self, n_entries: int, size: int, offset: int) -> bytes:
        wide = n_entries + self.extra_entries
        record = _END64.pack(self.magic, 44, 45, 45, 0, 0, wide, wide, size, offset)
        locator = _LOCATOR.pack(b"PK\x06\x07", 0, offset + size + self.astray, 1)
        return record + locator + self.narrow.pack(n_entries, size, offset)


def zip_of(*parts: Part, ending: Ending | Ending64 | None = None, start: int = 0) -> bytes:
    """Put an archive together; ``start`` is where its offsets say that it begins."""
    body, records = b"", b""
    for part in parts:
        records += part.record(start + len(body))
        body += part.local()
    return body + records + (ending or Ending()).pack(len(parts), len(records), start + len(body))


def shared_zip(locals_: Sequence[bytes], records: Sequence[bytes]) -> bytes:
    """Put an archive together from local parts and records that need not match."""
    body, directory = b"".join(locals_), b"".join(records)
    return body + directory + Ending().pack(len(records), len(directory), len(body))


def extra_field(tag: int, content: bytes, n_bytes: int | None = None) -> bytes:
    """Give one extra field, whose length may lie."""
    return struct.pack("<HH", tag, len(content) if n_bytes is None else n_bytes) + content


def unicode_path(raw_name: bytes, text: str) -> bytes:
    """Give Info-ZIP's Unicode path field for a name."""
    return extra_field(0x7075, b"\x01" + struct.pack("<L", zlib.crc32(raw_name)) + text.encode())


def zip64_numbers(*numbers: int) -> bytes:
    """Give the ZIP64 field with these numbers."""
    return extra_field(0x0001, struct.pack(f"<{len(numbers)}Q", *numbers))
