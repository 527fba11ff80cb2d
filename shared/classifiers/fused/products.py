"""Matrix products whose rows come out the same, whatever rows stand beside them.

A BLAS library sums in another order for another number of rows or threads, which changes the last
bits. Here every product is a sum of products of at most 64 x 64 x 64, in a fixed order: OpenBLAS
runs those on one thread and with one kernel, at about three quarters of its full speed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats

TILE = 64
MIN_WIDTH = 8


@dataclass(frozen=True, eq=False, slots=True)
class TiledMatrix:
    """A matrix of shape (n_features, n_columns), cut once for many products.

    ``slabs`` hold up to 64 features each, as arrays (n_tiles, n_slab_features, width); the last
    columns may be zeros beyond ``n_columns``.
    """

    slabs: tuple[Floats, ...]
    n_columns: int

    def product(self, rows: Floats) -> Floats:
        """``rows @ matrix`` for C-ordered rows (n_rows, n_features), a multiple of 64 of them."""
        n_tiles, _, width = self.slabs[0].shape
        total = np.empty((len(rows), n_tiles * width))
        part = np.empty_like(total) if len(self.slabs) > 1 else total
        for start, slab in zip(range(0, rows.shape[1], TILE), self.slabs, strict=True):
            piece = rows[:, start : start + TILE].reshape(-1, 1, TILE, slab.shape[1])
            target = total if start == 0 else part
            np.matmul(piece, slab, out=_by_tile(target, n_tiles, width))
            if start:
                total += part
        return total[:, : self.n_columns]

    def columns(self, indices: NDArray[np.intp]) -> Floats:
        """Return the named columns of the matrix as rows, shape (len(indices), n_features)."""
        tile, place = np.divmod(indices, self.slabs[0].shape[2])
        return np.concatenate([slab[tile, :, place] for slab in self.slabs], axis=1)


def tiled(matrix: Floats) -> TiledMatrix:
    """Cut a float64 matrix of shape (n_features, n_columns), neither of them 0, into tiles."""
    n_features, n_columns = matrix.shape
    n_tiles = -(-n_columns // TILE)
    # A product with very few columns would go to other routines of BLAS, hence at least 8.
    width = _round_up(-(-n_columns // n_tiles), MIN_WIDTH)
    padded = np.zeros((n_features, n_tiles * width))
    padded[:, :n_columns] = matrix
    by_tile = padded.reshape(n_features, n_tiles, width).swapaxes(0, 1)
    starts = range(0, n_features, TILE)
    slabs = tuple(np.ascontiguousarray(by_tile[:, start : start + TILE]) for start in starts)
    return TiledMatrix(slabs, n_columns)


def whole_tiles(rows: NDArray[np.float32] | Floats) -> Floats:
    """Float64 copy of one or more rows, filled up to a multiple of 64 with copies of the last."""
    padded = np.empty((_round_up(len(rows), TILE), rows.shape[1]))
    padded[: len(rows)] = rows
    padded[len(rows) :] = padded[len(rows) - 1]
    return padded


def iter_pairs(
    wanted: NDArray[np.bool_], max_pairs: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the (row, column) indices where a 2-d mask is true, at most ``max_pairs`` at a time."""
    first, second = np.nonzero(wanted)
    for start in range(0, len(first), max_pairs):
        yield first[start : start + max_pairs], second[start : start + max_pairs]


def _by_tile(matrix: Floats, n_tiles: int, width: int) -> Floats:
    return matrix.reshape(-1, TILE, n_tiles, width).swapaxes(1, 2)


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
