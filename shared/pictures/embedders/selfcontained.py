"""Whether an ONNX file holds all of its weights itself, told without loading it.

An ONNX file can name other files, anywhere on the machine, to be read in place of its own numbers;
and the digest of such a file would not cover the numbers that it computes with. So none is used.
Field numbers are those of onnx.proto, the format's definition.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from shared.errors import RunError
from shared.pictures.embedders.weights import OTHER_WEIGHTS
from shared.regular_files import open_regular

_DATA_LOCATION = 14
_NESTED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Which fields of a message lead to tensors, and what message they hold."""
_MAX_DEPTH = 100  # protobuf's own limit
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}


class _MalformedError(Exception):
    """The bytes are no protobuf message."""


def check_self_contained(path: Path) -> None:
    """Refuse a file that is no ONNX graph, or that keeps numbers in other files.

    Raises
    ------
    RunError
        Saying which.
    """
    try:
        with (
            open_regular(path) as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            is_self_contained = not _refers_elsewhere(data, "model", (0, len(data)), 0)
    except (_MalformedError, ValueError) as error:  # an empty file cannot be mapped
        found = "is no ONNX file, or only a part of one"
        raise RunError(str(path), found, OTHER_WEIGHTS) from error
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror or error}") from error
    if not is_self_contained:
        found = "keeps its weights in other files, and only files that hold their own are used"
        remedy = "Save it as one file, for instance with onnx.save_model of the onnx package."
        raise RunError(str(path), found, remedy)


def _refers_elsewhere(data: mmap.mmap, message: str, span: tuple[int, int], depth: int) -> bool:
    if depth > _MAX_DEPTH:
        raise _MalformedError
    for field, wire_type, start, end in _iter_fields(data, *span):
        if message == "tensor":
            found = (field, wire_type) == (_DATA_LOCATION, _VARINT) and data[start] != 0
        else:
            inner = _NESTED[message].get(field) if wire_type == _LENGTH else None
            found = inner is not None and _refers_elsewhere(data, inner, (start, end), depth + 1)
        if found:
            return True
    return False


def _iter_fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, and where the content of each field of a message starts and ends."""
    while start < end:
        tag, start = _varint(data, start, end)
        wire_type = tag & 7
        if wire_type == _VARINT:
            stop = _varint(data, start, end)[1]
        elif wire_type == _LENGTH:
            length, start = _varint(data, start, end)
            stop = start + length
        elif wire_type in _FIXED:
            stop = start + _FIXED[wire_type]
        else:
            raise _MalformedError
        if stop > end:
            raise _MalformedError
        yield tag >> 3, wire_type, start, stop
        start = stop


def _varint(data: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """Integer that begins at ``start``, seven bits a byte, and the place after it."""
    value = 0
    for place in range(start, min(start + 10, end)):
        byte = data[place]
        value |= (byte & 127) << 7 * (place - start)
        if byte < 128:
            return value, place + 1
    raise _MalformedError
