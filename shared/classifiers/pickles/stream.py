"""The bytes of one pickle, read from front to back and never past their end."""

from shared.classifiers.pickles.refusal import RefusedError
from shared.records import MEBIBYTE

MAX_OPCODES = 500_000
MAX_LINE_BYTES = 256
MAX_TEXT_BYTES = 64 * MEBIBYTE
"""Of all texts together, which may take four times as much memory as bytes of the file."""
FREE_ARGUMENT_BYTES = MEBIBYTE


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
