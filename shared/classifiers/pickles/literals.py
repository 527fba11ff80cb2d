"""The pickle operations that put a plain value on the stack; each reads it from the stream."""

import pickletools
import struct
from collections.abc import Callable

from shared.classifiers.pickles.stream import Stream

CODES = {operation.name: ord(operation.code) for operation in pickletools.opcodes}
"""Number of every pickle operation, by the name that Python's documentation gives it."""


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
