"""One entry: whether it may be read at all, its own header, and its data with every check.

Only stored and deflated data is read, a bounded piece at a time, whatever the entry declares.
Format: PKWARE APPNOTE 6.3.10, section 4.3.7, and RFC 1951.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from stat import S_IFDIR, S_IFMT, S_IFREG
from typing import IO

from shared.errors import Fate, SkipError
from shared.names import is_litter, storable
from shared.records import HEAD_BYTES
from shared.sources.files import CHUNK_BYTES, check_size, iter_chunks, read_at
from shared.sources.zips.directory import DEFLATED, ENCRYPTED_FLAGS, STORED, Entry
from shared.sources.zips.end_record import LOCAL_MAGIC

_FIRST_BYTES = 1024
_HEADER = struct.Struct("<4s22xHH")
_RAW_DEFLATE = -15
_SHOWN_NAME_BYTES = 100
_UNIX_SYSTEMS = frozenset({3, 19})
_DOS_DIRECTORY = 0x10
_METHODS = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    12: "bzip2",
    14: "LZMA",
    20: "Zstandard",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
    99: "AES",
}
_AES = 99


def check_entry(entry: Entry, max_member_bytes: int) -> None:
    """Let only entries through that may be read; raise `SkipError` for the others."""
    kind = S_IFMT(entry.attributes >> 16) if entry.system in _UNIX_SYSTEMS else 0
    is_marked = kind == S_IFDIR or (entry.attributes & _DOS_DIRECTORY and not entry.size)
    if is_marked or entry.name.endswith("/") or is_litter(entry.name):
        raise SkipError(Fate.IGNORED, "")
    if kind not in (0, S_IFREG):
        raise SkipError(Fate.NOT_REGULAR, "a symbolic link, a device or the like, no plain file")
    if not entry.sound:
        raise SkipError(Fate.CORRUPT, "its size or place in the directory makes no sense")
    if entry.flags & ENCRYPTED_FLAGS or entry.method == _AES:
        raise SkipError(Fate.ENCRYPTED, "needs a password; unpack it yourself")
    if entry.method not in (STORED, DEFLATED):
        method = _METHODS.get(entry.method, f"method {entry.method}")
        raise SkipError(
            Fate.UNSUPPORTED_METHOD, f"packed with {method}; only store and deflate are read"
        )
    check_size(max(entry.size, entry.packed), max_member_bytes)
    if entry.overlaps:
        raise SkipError(Fate.OVERLAP, "shares bytes of its archive with another entry")


@dataclass(frozen=True, slots=True)
class Content:
    """An entry's data in its archive's open file, from ``start`` on; `located` makes one."""

    file: IO[bytes]
    entry: Entry
    start: int

    def head(self) -> bytes:
        """First 64 bytes, fewer where there are no more; sizes and CRC are not checked."""
        if self.entry.method == STORED:
            return read_at(self.file, self.start, min(self.entry.packed, HEAD_BYTES))
        head = b""
        for piece in self._iter_unpacked(_FIRST_BYTES, HEAD_BYTES):
            head += piece
            if len(head) >= HEAD_BYTES:
                break
        return head[:HEAD_BYTES]

    def read(self) -> bytes:
        """All of the content, complete and sound; otherwise `SkipError` says why not."""
        return b"".join(self.iter_pieces())

    def iter_pieces(self) -> Iterator[bytes]:
        """Yield the content in pieces of bounded size; only after the last is it known as sound.

        Raises
        ------
        SkipError
            `size_mismatch`, `truncated`, `crc`, or `corrupt`.
        """
        n_bytes, crc = 0, 0
        for piece in self._iter_unpacked(CHUNK_BYTES, CHUNK_BYTES):
            n_bytes += len(piece)
            if n_bytes > self.entry.size:
                raise self._wrong_size("more")
            crc = zlib.crc32(piece, crc)
            yield piece
        if n_bytes < self.entry.size:
            raise self._wrong_size(f"{n_bytes:,}")
        if crc != self.entry.crc:
            raise SkipError(Fate.CRC, "its content does not have the checksum that it should have")

    def _iter_unpacked(self, packed_bytes: int, unpacked_bytes: int) -> Iterator[bytes]:
        packed = iter_chunks(self.file, self.start, self.entry.packed, packed_bytes)
        return packed if self.entry.method == STORED else _iter_inflated(packed, unpacked_bytes)

    def _wrong_size(self, found: str) -> SkipError:
        return SkipError(
            Fate.SIZE_MISMATCH, f"unpacks to {found} bytes, declared as {self.entry.size:,}"
        )


def located(file: IO[bytes], entry: Entry) -> Content:
    """Find an entry's data behind its own header, which has to agree with the directory.

    Raises
    ------
    SkipError
        `corrupt`, `name_mismatch` or `overlap`.
    """
    header = read_at(file, entry.offset, _HEADER.size + len(entry.raw_name))
    if len(header) < _HEADER.size or not header.startswith(LOCAL_MAGIC):
        raise SkipError(Fate.CORRUPT, "no header where the directory says that its data is")
    _, name_bytes, extra_bytes = _HEADER.unpack_from(header)
    raw_name = header[_HEADER.size :]
    if name_bytes != len(entry.raw_name) or raw_name != entry.raw_name:
        shown = raw_name[: min(name_bytes, _SHOWN_NAME_BYTES)].decode("utf-8", "backslashreplace")
        raise SkipError(Fate.NAME_MISMATCH, f"is called {storable(shown)!r} beside its data")
    start = entry.offset + _HEADER.size + name_bytes + extra_bytes
    if start + entry.packed > entry.limit:
        raise SkipError(Fate.OVERLAP, "its data would reach into what comes next in the archive")
    return Content(file, entry, start)


def _iter_inflated(packed: Iterable[bytes], n_bytes: int) -> Iterator[bytes]:
    """Unpack a raw deflate stream, at most ``n_bytes`` at a time."""
    inflater = zlib.decompressobj(_RAW_DEFLATE)
    for chunk in packed:
        waiting, is_full = chunk, True
        # Without input there can still be output: a full piece may have left some behind.
        while not inflater.eof and (waiting or is_full):
            try:
                output = inflater.decompress(waiting, n_bytes)
            except zlib.error as error:
                raise SkipError(Fate.CORRUPT, f"its packed data is damaged ({error})") from error
            waiting, is_full = inflater.unconsumed_tail, len(output) == n_bytes
            if output:
                yield output
        if inflater.eof:
            return
    raise SkipError(Fate.TRUNCATED, "its packed data breaks off")
