"""Finding millions of keys in sorted arrays, with no Python object per key.

A key is a few 64-bit words; keys are columns of a (n_words, n_keys) array, sorted and unique, so
that the first words lie side by side for a binary search and may be mapped from a file.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def key_digest(key: str) -> bytes:
    """16 bytes that stand for any text as a key; two texts of one digest cannot be found."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


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
