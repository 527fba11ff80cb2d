"""Arrays of the index: how they are kept in a file, and how millions of keys are found in them.

They are kept in NumPy's own format, version 1 or 2 of `numpy.lib.format`; no object in them is ever
made. A key is a few 64-bit words; keys are columns of a (n_words, n_keys) array, sorted and unique,
so that the first words lie side by side for a binary search, with no Python object per key.
"""

import hashlib
import math
import os
from collections.abc import Iterable
from tokenize import TokenError
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MISSING = -1
BAD = -2
PICTURE = np.dtype(
    [("hash", "V64"), ("mode", "S8"), ("format", "S8"), ("width", "<i4"), ("height", "<i4")]
)
Words = NDArray[np.uint64]
Arrays = dict[str, NDArray[Any]]
# What numpy raises over a header that is no dict, no Python at all, or nests without end.
_NO_HEADER = (TypeError, OverflowError, SyntaxError, TokenError, RecursionError, MemoryError)


class ArrayHeader(NamedTuple):
    """What stands before the numbers of an array; ``order`` is C row by row, F column by column."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]

    @property
    def n_bytes(self) -> int:
        """Size of all that follows."""
        return self.dtype.itemsize * math.prod(self.shape)


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the beginning of an array.

    Raises
    ------
    ValueError
        Where it is none, holds Python objects, or is cut short.
    """
    try:
        is_first = npy.read_magic(file) == (1, 0)
        read = npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0
        shape, is_by_column, dtype = read(file)
        header = ArrayHeader(dtype, shape, "F" if is_by_column else "C")
        n_left = os.fstat(file.fileno()).st_size - file.tell()
        is_there = min(shape, default=0) >= 0 and header.n_bytes <= n_left
    except _NO_HEADER as error:
        raise ValueError(str(error) or type(error).__name__) from None
    if dtype.hasobject or not is_there:
        message = f"{dtype} of shape {shape} in {n_left:,} bytes"
        raise ValueError(message)
    return header


def read_array(file: IO[bytes]) -> NDArray[Any]:
    """Read an array; ValueError as of `read_header`."""
    header = read_header(file)
    flat = np.frombuffer(file.read(header.n_bytes), header.dtype)
    return flat.reshape(header.shape, order=header.order)


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
