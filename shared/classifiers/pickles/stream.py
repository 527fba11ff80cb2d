"""The bytes of one pickle, read from front to back and never past their end; plain values in them.

What is damaged or not allowed ends in a `RefusedError`; it quotes a stranger's words safely.
"""

import pickletools
import struct
from collections.abc import Callable

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
