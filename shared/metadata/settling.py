"""All entries of a file, once they are read: which count, which row each has, what is wrong.

Of equal keys the last one counts, as in every JSON reader. The width of vectors is the one that
most of them have (the smaller one of two that are equally frequent), so that no single entry,
wherever it stands, can make the others bad.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.metadata.entries import Flaw
from shared.metadata.layout import BAD, PICTURE, Arrays, Counts
from shared.metadata.lookup import Words, equals_next, sorting

ENTRY = np.dtype([("key", "<u8", 2), ("length", "<u4"), ("size", "<i4", 2), ("flaw", "u1")])
CONTENT = np.dtype([("entry", "<i8"), ("digest", "<u8", 4), ("picture", PICTURE)])


@dataclass(frozen=True, slots=True)
class Settled:
    """The arrays of a sidecar without its vectors.

    ``sources`` (n_images,) are where each row stands, in bytes, in the sound vectors of all entries
    as they were written one after another.
    """

    counts: Counts
    arrays: Arrays
    sources: NDArray[np.int64]


def settled(entries: NDArray[np.void], contents: NDArray[np.void]) -> Settled:
    """Settle a file's entries.

    Parameters
    ----------
    entries : ENTRY (n_entries,)
        In the file's order; ``length`` is 0 where there is a flaw.
    contents : CONTENT (n_contents,)
        Files whose pictures are known; ``entry`` is the place in ``entries`` that tells it.

    Returns
    -------
    Settled
        Rows are numbered in the file's order.
    """
    order = _last_of_each_key(entries["key"].T)
    lengths, flaws = entries["length"][order], entries["flaw"][order]
    n_features = _usual_width(lengths[flaws == Flaw.NONE])
    flaws[(flaws == Flaw.NONE) & (lengths != n_features)] = Flaw.WIDTH
    has_row = np.zeros(len(entries), bool)
    has_row[order] = flaws == Flaw.NONE
    numbers = np.cumsum(has_row) - 1
    digests, pictures = _agreed(contents[np.isin(contents["entry"], order)])
    arrays: Arrays = {
        "sizes": entries["size"][has_row],
        "keys": np.ascontiguousarray(entries["key"][order].T),
        "rows": np.where(flaws == Flaw.NONE, numbers[order], BAD),
        "lengths": lengths,
        "flaws": flaws,
        "contents": digests,
        "pictures": pictures,
    }
    counts = Counts(int(has_row.sum()), n_features, len(order), len(pictures))
    ends = np.cumsum(entries["length"], dtype=np.int64)
    sources = 4 * (ends - entries["length"])[has_row]
    return Settled(counts, arrays, sources)


def _last_of_each_key(keys: Words) -> NDArray[np.intp]:
    order = sorting(keys)
    return order[~equals_next(keys[:, order])]


def _usual_width(lengths: NDArray[np.uint32]) -> int:
    widths, frequencies = np.unique(lengths, return_counts=True)
    return int(widths[frequencies.argmax()]) if len(widths) else 0


def _agreed(contents: NDArray[np.void]) -> tuple[Words, NDArray[np.void]]:
    """Drop files of which two entries claim different pictures: one of them must be wrong."""
    digests = contents["digest"].T
    order = sorting(digests)
    digests = np.ascontiguousarray(digests[:, order])
    equal = equals_next(digests)
    alone = ~equal & ~np.roll(equal, 1)
    return np.ascontiguousarray(digests[:, alone]), contents["picture"][order][alone]
