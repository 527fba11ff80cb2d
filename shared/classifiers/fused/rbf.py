"""The kernel ``exp(-gamma * |x - s|**2)`` by one matrix product, without losing digits.

``|x|**2 + |s|**2 - 2 * x @ s`` cancels where x and s are close together and far from the origin.
So both are taken from a common centre, and where that is not enough the few pairs that matter are
computed from their difference.
"""

from dataclasses import dataclass

import numpy as np

from shared.classifiers.fused.products import TiledMatrix, iter_pairs
from shared.records import Floats

# The exponent's error, as a part of gamma * (|x|**2 + |s|**2), and up to where it is borne.
EXPONENT_ERROR = 1e-15
MAX_EXPONENT_TERMS = 1000.0
# exp(-64) is 2e-28: beyond it a kernel value cannot show in a decision.
NEGLIGIBLE = 64.0
MAX_PAIRS = 4096


@dataclass(frozen=True, eq=False, slots=True)
class CentredRows:
    """Vectors less the centre, (n_rows, n_features), and their squared norms, (n_rows, 1)."""

    centred: Floats
    squared_norms: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Distances:
    """Squared distances of rows and support vectors, shape (n_rows, n_vectors), for any gamma.

    ``vectors`` are the support vectors less the same centre, ``terms`` the largest
    ``|x|**2 + |s|**2`` of each row, (n_rows, 1). `kernel` betters ``squares`` in place.
    """

    rows: CentredRows
    vectors: TiledMatrix
    terms: Floats
    squares: Floats

    def kernel(self, gamma: float, used: slice) -> Floats:
        """Kernel values from 0 to 1 of the rows and the support vectors ``used``."""
        terms = gamma * self.terms
        # Said by "not" throughout, so that what overflowed to NaN is computed again too.
        doubtful = ~(terms <= MAX_EXPONENT_TERMS)
        if doubtful.any():
            far = gamma * self.squares[:, used] > NEGLIGIBLE + EXPONENT_ERROR * terms
            for row, place in iter_pairs(doubtful & ~far, MAX_PAIRS):
                column = place + used.start
                difference = self.rows.centred[row] - self.vectors.columns(column)
                self.squares[row, column] = np.square(difference).sum(axis=1)
        exponents = -gamma * self.squares[:, used]
        return np.exp(exponents, out=exponents)


def centre_of(vectors: Floats) -> Floats:
    """Mean of the vectors, in float32 so that float32 vectors less it are exact in float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = vectors.mean(axis=0).astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(mean), mean, 0.0)


def centred_rows(rows: Floats, centre: Floats) -> CentredRows:
    """Take rows from their centre."""
    centred = rows - centre
    return CentredRows(centred, np.square(centred).sum(axis=1, keepdims=True))


def distances(rows: CentredRows, vectors: TiledMatrix, squared_norms: Floats) -> Distances:
    """Squared distances to support vectors whose squared norms are (n_vectors,)."""
    squares = vectors.product(rows.centred)
    squares *= -2
    squares += rows.squared_norms
    squares += squared_norms
    np.maximum(squares, 0, out=squares)
    return Distances(rows, vectors, rows.squared_norms + squared_norms.max(), squares)
