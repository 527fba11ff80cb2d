"""The bytes of one pickle, read from front to back and never past their end; plain values in them.

What is damaged or not allowed ends in a `RefusedError`; it quotes a stranger's words safely.
"""

import bz2
import lzma
import pickletools
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from shared.errors import Fate, SkipError
from shared.names import printable
from shared.records import MEBIBYTE

MAX_OPCODES = 500_000
MAX_LINE_BYTES = 256
MAX_TEXT_BYTES = 64 * MEBIBYTE
"""Of all texts together, which may take four times as much memory as bytes of the file."""
FREE_ARGUMENT_BYTES = MEBIBYTE
MAX_QUOTED_CHARACTERS = 80
CODES = {operation.name: ord(operation.code) for operation in pickletools.opcodes}
"""Number of every pickle operation, by the name that Python's documentation gives it."""
MAX_FILE_BYTES = 256 * MEBIBYTE
MAX_RATIO = 100
MAX_LZMA_MEMORY_BYTES = 128 * MEBIBYTE
PROTOCOLS = range(2, 6)
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
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


class RefusedError(SkipError):
    """One classifier file cannot be used; ``reason`` says what was found and what is needed."""

    def __init__(self, reason: str) -> None:
        super().__init__(Fate.BAD_CLASSIFIER, reason)
        self.args = (reason,)  # what a copy in another process is made from


class NotDataError(RefusedError):
    """One classifier file is a pickle, of what is not read as data; as code it may well load."""


class Stream:
    """A position in bytes, and budgets for what may still be made of them.

    Every length that a file declares goes through here, so nothing longer than the file itself is
    ever allocated.
    """

    __slots__ = (
        "_argument_bytes_left",
        "_content",
        "_opcodes_left",
        "_text_bytes_left",
        "position",
    )

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._opcodes_left = MAX_OPCODES
        self._text_bytes_left = MAX_TEXT_BYTES
        self._argument_bytes_left = len(content) + FREE_ARGUMENT_BYTES
        self.position = 0

    @property
    def n_left(self) -> int:
        """How many bytes have not been read yet."""
        return len(self._content) - self.position

    def view(self, n_bytes: int) -> memoryview:
        """Read that many bytes, without a copy."""
        start, end = self.position, self.position + n_bytes
        if end > len(self._content):
            found = f"{n_bytes} bytes should follow byte {start}, {self.n_left} do"
            raise RefusedError(f"truncated or damaged: {found}")
        self.position = end
        return self._content[start:end]

    def take(self, n_bytes: int) -> bytes:
        """Read that many bytes."""
        return bytes(self.view(n_bytes))

    def unsigned(self, n_bytes: int) -> int:
        """Read a little-endian number of that many bytes."""
        return int.from_bytes(self.view(n_bytes), "little")

    def opcode(self) -> int:
        """Read the next operation, as long as the budget lasts."""
        if self._opcodes_left == 0:
            raise RefusedError(f"more than {MAX_OPCODES} pickle operations")
        self._opcodes_left -= 1
        return self.unsigned(1)

    def spend(self, n_bytes: int) -> None:
        """Count what is given to a call, as long as it is no more than the file holds.

        What was written once can be referred to often, and a call may copy it each time.
        """
        self._argument_bytes_left -= n_bytes
        if self._argument_bytes_left < 0:
            raise RefusedError("makes more out of its texts than it holds")

    def text(self, n_bytes: int) -> str:
        """Read UTF-8 text; lone surrogates are kept, as pickle keeps them."""
        start = self.position
        self._text_bytes_left -= n_bytes
        if self._text_bytes_left < 0 <= self.n_left - n_bytes:
            raise RefusedError(f"more than {MAX_TEXT_BYTES} bytes of text")
        try:
            return str(self.view(n_bytes), "utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise RefusedError(f"damaged: the text at byte {start} is not UTF-8") from error

    def line(self) -> str:
        """Read text up to a line break, which is dropped."""
        head = bytes(self._content[self.position : self.position + MAX_LINE_BYTES])
        length = head.find(b"\n")
        if length < 0:
            raise RefusedError(f"damaged: no line ends soon after byte {self.position}")
        text = self.text(length)
        self.position += 1
        return text


def quoted(text: str) -> str:
    """Spell a stranger's text so that it fits into a reason: on one line, and short."""
    plain = printable(text[: MAX_QUOTED_CHARACTERS + 1])
    return plain if len(plain) <= MAX_QUOTED_CHARACTERS else plain[:MAX_QUOTED_CHARACTERS] + "…"


def _float(stream: Stream) -> float:
    number: float = struct.unpack(">d", stream.view(8))[0]
    return number


def _signed(stream: Stream, n_bytes: int) -> int:
    return int.from_bytes(stream.view(n_bytes), "little", signed=True)


LITERALS: dict[int, Callable[[Stream], object]] = {
    CODES[name]: read
    for name, read in {
        "NONE": lambda _: None,
        "NEWTRUE": lambda _: True,
        "NEWFALSE": lambda _: False,
        "BININT": lambda stream: _signed(stream, 4),
        "BININT1": lambda stream: stream.unsigned(1),
        "BININT2": lambda stream: stream.unsigned(2),
        "LONG1": lambda stream: _signed(stream, stream.unsigned(1)),
        "BINFLOAT": _float,
        "SHORT_BINUNICODE": lambda stream: stream.text(stream.unsigned(1)),
        "BINUNICODE": lambda stream: stream.text(stream.unsigned(4)),
        "BINUNICODE8": lambda stream: stream.text(stream.unsigned(8)),
        "SHORT_BINBYTES": lambda stream: stream.take(stream.unsigned(1)),
        "BINBYTES": lambda stream: stream.take(stream.unsigned(4)),
        "BINBYTES8": lambda stream: stream.take(stream.unsigned(8)),
        "BYTEARRAY8": lambda stream: stream.take(stream.unsigned(8)),
        "EMPTY_LIST": lambda _: [],
        "EMPTY_TUPLE": lambda _: (),
        "EMPTY_DICT": lambda _: {},
        "EMPTY_SET": lambda _: [],
    }.items()
}
"""A set is read as a list: nothing asks it for its members, so nothing is hashed."""


FREE_BYTES = 16 * MEBIBYTE
"""Up to this size the ratio of unpacked to packed does not count."""


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
