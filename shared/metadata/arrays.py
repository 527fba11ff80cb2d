"""The arrays of an index: how millions of keys are found in them, and where each lies in its file.

A key is a few 64-bit words; keys are columns of a (n_words, n_keys) array, sorted and unique, so
that the first words lie side by side for a binary search. The file is a header of 4,096 bytes, then
the arrays, each filled up to 64 bytes: four counts decide it all, and no offset is ever stored.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator
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
Words = NDArray[np.uint64]
Arrays = dict[str, NDArray[Any]]


def key_digest(key: str) -> bytes:
    """16 bytes that stand for any text as a key; two texts of one digest cannot be found."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def words(digests: Iterable[bytes], n_words: int) -> Words:
    """Digests of ``8 * n_words`` bytes each as columns of a (n_words, n_digests) array."""
    flat = np.frombuffer(b"".join(digests), "<u8")
    return np.ascontiguousarray(flat.reshape(-1, n_words).T)


def sorting(keys: Words) -> NDArray[np.intp]:
    """Order that sorts the columns; columns that are equal stay in their order."""
    return np.lexsort(keys[::-1])


def equals_next(keys: Words) -> NDArray[np.bool_]:
    """Whether each of the sorted columns equals the one after it; the last one does not."""
    equal = np.zeros(keys.shape[1], bool)
    equal[:-1] = (keys[:, 1:] == keys[:, :-1]).all(axis=0)
    return equal


def positions(keys: Words, wanted: Words) -> NDArray[np.int64]:
    """Find columns among sorted, unique columns.

    Parameters
    ----------
    keys : uint64 (n_words, n_keys)
        What is searched.
    wanted : uint64 (n_words, n_wanted)
        What is looked for, in any order, repeated or not.

    Returns
    -------
    int64 (n_wanted,)
        Place of each wanted column in ``keys``, -1 where it is not there.
    """
    n_keys = keys.shape[1]
    found = np.full(wanted.shape[1], -1)
    asked = np.arange(wanted.shape[1])
    place = np.searchsorted(keys[0], wanted[0])
    while len(asked):
        asked, place = asked[place < n_keys], place[place < n_keys]
        alike = keys[0, place] == wanted[0, asked]
        asked, place = asked[alike], place[alike]
        same = (keys[:, place] == wanted[:, asked]).all(axis=0)
        found[asked[same]] = place[same]
        # Others may share the first word: rarely by chance, at will by somebody who tries.
        asked, place = asked[~same], place[~same] + 1
    return found


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
