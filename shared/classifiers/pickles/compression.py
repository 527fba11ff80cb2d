"""A classifier file's bytes, unpacked from what joblib packs them in, under limits.

It tells by the first bytes what a file is, and names what it is instead of a pickle. Nothing is
interpreted here beyond that.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from shared.classifiers.pickles.stream import RefusedError, quoted
from shared.records import MEBIBYTE

MAX_FILE_BYTES = 256 * MEBIBYTE
MAX_RATIO = 100
FREE_BYTES = 16 * MEBIBYTE
"""Up to this size the ratio of unpacked to packed does not count."""
MAX_LZMA_MEMORY_BYTES = 128 * MEBIBYTE

PROTOCOLS = range(2, 6)
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class _Unpacker(Protocol):
    """What the decompressors of zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _xz() -> _Unpacker:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_LZMA_MEMORY_BYTES)


def _zlib() -> _Unpacker:
    return zlib.decompressobj()


def _gzip() -> _Unpacker:
    return zlib.decompressobj(_GZIP_WINDOW)


def _lzma_alone() -> _Unpacker:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MAX_LZMA_MEMORY_BYTES)


_PACKINGS: tuple[tuple[tuple[bytes, ...], str, Callable[[], _Unpacker]], ...] = (
    ((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), "zlib", _zlib),
    ((b"\x1f\x8b",), "gzip", _gzip),
    ((b"BZh",), "bz2", bz2.BZ2Decompressor),
    ((b"\xfd7zXZ",), "xz", _xz),
    ((b"\x5d\x00",), "lzma", _lzma_alone),
)

_STRANGERS = (
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself with git lfs pull"),
    (b"PK\x03\x04", "a zip archive, no classifier file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras?), no classifier file"),
    (b"\x93NUMPY", "a NumPy array file, no classifier file"),
    (b"\x04\x22\x4d\x18", "compressed with lz4: save it with zlib, gzip, bz2, xz or lzma"),
    (b"ZF", "written by joblib before 0.10: load it there and save it with a later one"),
    (b"<", "a web page, no classifier file"),
    (b"{", "JSON text, no classifier file"),
)


def unpacked(content: bytes) -> bytes:
    """Return the pickle in a file's bytes.

    Raises
    ------
    RefusedError
        If the file is empty, too large, cut off, something else than a pickle of protocol 2 to 5,
        or unpacks to more than 100 times its size (counted from 16 MiB on).
    """
    if not content:
        raise RefusedError("an empty file")
    for prefixes, name, unpacker in _PACKINGS:
        if content.startswith(prefixes):
            content = _unpacked_by(unpacker(), content, name)
            break
    _check_pickle(content)
    return content


def _unpacked_by(unpacker: _Unpacker, content: bytes, name: str) -> bytes:
    max_bytes = min(MAX_FILE_BYTES, max(FREE_BYTES, MAX_RATIO * len(content)))
    try:
        # One more than allowed shows that there is more.
        plain = unpacker.decompress(content, max_bytes + 1)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        raise RefusedError(f"a damaged {name} file: {quoted(str(error))}") from error
    if len(plain) > max_bytes:
        raise RefusedError(f"unpacks to more than {max_bytes} bytes, the most that is allowed")
    if not unpacker.eof:
        raise RefusedError(f"truncated: its {name} data has no end")
    if unpacker.unused_data:
        raise RefusedError(f"more after the end of its {name} data: {len(unpacker.unused_data)} B")
    return plain


def _check_pickle(content: bytes) -> None:
    if content[:1] == b"\x80" and content[1:2] and content[1] in PROTOCOLS:
        return
    if content[:1] == b"\x80" and len(content) < 3:
        raise RefusedError("truncated: it ends after the first bytes of a pickle")
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    for prefix, meaning in _STRANGERS:
        if start.startswith(prefix):
            raise RefusedError(meaning)
    beginning = quoted(repr(content[:16]))
    raise RefusedError(f"no pickle of protocol 2 to 5: it starts with {beginning}")
