"""Where each array lies in a sidecar file. Four counts decide it all; no offset is ever stored.

A header of 4,096 bytes, then the arrays one after another, each filled up to 64 bytes.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MISSING = -1
BAD = -2
HEADER_BYTES = 4096
ALIGNMENT_BYTES = 64
_BLOCK_BYTES = 2**16
PICTURE = np.dtype(
    [("hash", "V64"), ("mode", "S8"), ("format", "S8"), ("width", "<i4"), ("height", "<i4")]
)
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are: images with a vector, numbers in each, keys, pictures known by file."""

    n_images: int
    n_features: int
    n_keys: int
    n_pictures: int

    def shapes(self) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
        """Type and shape of each array, in the order of the file.

        ``vectors`` and ``sizes`` have one row per image. ``keys`` are sorted, with for each its
        row or `BAD`, and the flaw and length of its vector. ``contents`` are sorted digests of
        files, with for each the picture that is in the file.
        """
        return {
            "vectors": (np.dtype("<f4"), (self.n_images, self.n_features)),
            "sizes": (np.dtype("<i4"), (self.n_images, 2)),
            "keys": (np.dtype("<u8"), (2, self.n_keys)),
            "rows": (np.dtype("<i8"), (self.n_keys,)),
            "lengths": (np.dtype("<u4"), (self.n_keys,)),
            "flaws": (np.dtype("u1"), (self.n_keys,)),
            "contents": (np.dtype("<u8"), (4, self.n_pictures)),
            "pictures": (PICTURE, (self.n_pictures,)),
        }

    def are_possible(self) -> bool:
        """Whether a file can have them; that it is as long as they say is another question."""
        are_numbers = all(isinstance(count, int) and count >= 0 for count in astuple(self))
        return are_numbers and self.n_images > 0 and self.n_features > 0

    def n_bytes(self) -> int:
        """Size of the whole file."""
        sizes = (_n_bytes(dtype, shape) for dtype, shape in self.shapes().values())
        return HEADER_BYTES + sum(size + _filling(size) for size in sizes)


def arrays_in(content: memoryview, counts: Counts) -> Arrays:
    """Arrays over a file's content, not copied; it must have ``counts.n_bytes()`` bytes."""
    arrays: Arrays = {}
    at = HEADER_BYTES
    for name, (dtype, shape) in counts.shapes().items():
        arrays[name] = np.ndarray(shape, dtype, content, at)
        size = _n_bytes(dtype, shape)
        at += size + _filling(size)
    return arrays


def write_arrays(file: BinaryIO, counts: Counts, arrays: Arrays) -> None:
    """Write all arrays but the vectors, which stand in the file already, at their place."""
    shapes = counts.shapes()
    n_bytes = _n_bytes(*shapes.pop("vectors"))
    file.seek(HEADER_BYTES + n_bytes)
    file.truncate()
    file.write(bytes(_filling(n_bytes)))
    for name, (dtype, _) in shapes.items():
        content = arrays[name].astype(dtype).tobytes()
        file.write(content + bytes(_filling(len(content))))


def body_digest(file: BinaryIO, facts: bytes) -> bytes:
    """SHA-256 of some facts and of all after the header."""
    digest = hashlib.sha256(facts)
    for block in _iter_body(file):
        digest.update(block)
    return digest.digest()


def checksum(file: BinaryIO) -> int:
    """Sum over all after the header, to notice damage in a fifth of the time of a digest."""
    total = 0
    for block in _iter_body(file):
        numbers = np.frombuffer(block, "<u8")
        total = (31 * total + int(numbers.sum(dtype=np.uint64))) % 2**64
    return total


def _iter_body(file: BinaryIO) -> Iterator[bytes]:
    file.seek(HEADER_BYTES)
    while block := file.read(_BLOCK_BYTES):
        yield block


def _n_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * math.prod(shape)


def _filling(size: int) -> int:
    return -size % ALIGNMENT_BYTES
