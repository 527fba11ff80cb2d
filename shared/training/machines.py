"""Support vector machines over many pictures, each solved on the few that matter.

A machine that is optimal on some of its pictures is optimal on all of them where no other picture
lies within its margin (E. Osuna, R. Freund, F. Girosi, "Training support vector machines: an
application to face detection", 1997). What lies within is added until nothing does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from shared.records import GIBIBYTE, Floats
from shared.training.regressions import Singles

TOLERANCE = 1e-3
"""Of libsvm too: decisions are that near to those of the optimum."""
N_FIRST = 500
N_RARE = 1000
MAX_KERNEL_BYTES = GIBIBYTE
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


class TooManyError(Exception):
    """More pictures matter than there is room for; to be solved otherwise."""


@dataclass(frozen=True, eq=False, slots=True)
class Solved:
    """A machine: places (n_support,) of its support vectors, and decisions (n_images,) on all."""

    support: Places
    decisions: Floats


class Machines:
    """Machines with the kernel ``exp(-gamma * distance ** 2)``, over parts of the same pictures.

    ``gamma`` is that of scikit-learn's ``scale`` for all of the vectors.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_images, n_features)
        Finite numbers, about 10 in length.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other.
    penalty : float
        Of a picture within the margin.
    """

    def __init__(self, vectors: Singles, labels: NDArray[np.int64], penalty: float) -> None:
        self._labels = labels
        self._penalty = penalty
        self._kernel = _Kernel(vectors)
        self.gamma = self._kernel.gamma
        self._working = self._first()

    def _first(self) -> Places:
        """Choose what to begin with: the rarer side, and what is most like it on the other."""
        rare = int(np.argmin(np.bincount(self._labels, minlength=2)))
        of_rare = np.flatnonzero(self._labels == rare)
        some = of_rare[np.linspace(0, len(of_rare) - 1, min(len(of_rare), N_RARE)).astype(int)]
        likeness = self._kernel.mean(some)
        others = np.flatnonzero(self._labels != rare)
        alike = others[np.argsort(-likeness[others], kind="stable")[:N_FIRST]]
        return np.sort(np.append(some, alike))

    def solved(self, learnt: Mask) -> Solved:
        """Solve the machine that learns from some pictures (n_images,); both sides are among them.

        What has mattered to one machine is what the next one begins with. The result does not
        depend on it beyond `TOLERANCE`: each has the only optimum that there is for its pictures.

        Raises
        ------
        TooManyError
            Where the kernel would take more than `MAX_KERNEL_BYTES`.
        """
        signs = np.where(self._labels == 1, 1.0, -1.0)
        working = self._working[learnt[self._working]]
        while True:
            machine = SVC(C=self._penalty, kernel="precomputed", tol=TOLERANCE)
            machine.fit(self._kernel.among(working), self._labels[working])
            support = working[machine.support_]
            decisions = self._kernel.weighed(support, machine.dual_coef_[0])
            decisions += machine.intercept_[0]
            margins = signs * decisions
            margins[working] = np.inf
            within = np.flatnonzero(learnt & (margins < 1 - TOLERANCE))
            if not len(within):
                return Solved(support, decisions)
            worst = within[np.argsort(margins[within], kind="stable")[: max(N_FIRST, len(working))]]
            working = np.sort(np.append(working, worst))
            self._working = np.union1d(self._working, worst)


class _Kernel:
    """Rows of a kernel matrix over all pictures, computed where they are asked for and kept."""

    def __init__(self, vectors: Singles) -> None:
        # exp(-gamma * (a @ a - 2 * a @ b + b @ b)) as the exponential of one product; around the
        # mean the three do not cancel each other out.
        means = vectors.mean(axis=0, dtype=np.float64)
        middle = vectors - means.astype(np.float32)
        squares = np.einsum("ij,ij->i", middle, middle)[:, np.newaxis]
        variance = squares.sum(dtype=np.float64) / vectors.size + means.var()
        self.gamma = 1 / (vectors.shape[1] * (float(variance) or 1 / vectors.shape[1]))
        ones = np.ones_like(squares)
        self._right = np.hstack([middle, ones, np.float32(-self.gamma) * squares])
        self._places = np.full(len(vectors), -1)
        self._n_rows = 0
        n_rows = min(len(vectors), MAX_KERNEL_BYTES // (len(vectors) * ones.itemsize))
        self._rows = np.empty((n_rows, len(vectors)), np.float32)  # takes room as it is filled

    def _computed(self, places: Places) -> Places:
        """Find the rows of some pictures, computing what is new."""
        new = places[self._places[places] < 0]
        if len(new):
            n_rows = self._n_rows + len(new)
            if n_rows > len(self._rows):
                raise TooManyError
            rows = self._rows[self._n_rows : n_rows]
            left = self._right[new]
            left[:, :-2] *= np.float32(2 * self.gamma)
            left[:, [-2, -1]] = left[:, [-1, -2]]
            np.matmul(left, self._right.T, out=rows)
            np.exp(rows, out=rows)
            self._places[new] = np.arange(self._n_rows, n_rows)
            self._n_rows = n_rows
        return self._places[places]

    def among(self, places: Places) -> Floats:
        """Kernel (n_places, n_places) of some pictures with each other."""
        at = self._computed(places)
        return self._rows[np.ix_(at, places)].astype(np.float64)

    def mean(self, places: Places) -> Floats:
        """Mean kernel (n_images,) of each picture with some."""
        return self.weighed(places, np.full(len(places), 1 / len(places)))

    def weighed(self, places: Places, weights: Floats) -> Floats:
        """Sum of the rows of some pictures, each with its weight, (n_images,)."""
        at = self._computed(places)
        spread = np.zeros(self._n_rows, np.float32)
        spread[at] = weights
        return (spread @ self._rows[: self._n_rows]).astype(np.float64)
