"""How unlike a picture is to all that were labelled: what classifiers say of it is worth less then.

The distance of its vector to the nearest labelled one is compared with those of labelled ones among
themselves. Of what was tried on digits with one of them left out (distances to several neighbours,
Mahalanobis distances with shrunk covariance, distances relative to the neighbour's own) this parts
what is new best from what is known: see `tests/bench/TRUST.md`.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.metadata.loading import Metadata
from shared.records import NOVEL

MAX_LABELLED = 10_000
"""Of more, so many are taken, evenly spread: a picture costs as many products of vectors."""
N_COMPARED = 1000
"""Labelled pictures whose distances to the others tell what is usual."""
BATCH = 1024
_LEAST_LENGTH = np.float32(1e-20)

Vectors = NDArray[np.float32]


class Reference:
    """Labelled pictures, at least one, and how far they are from each other.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_labelled, n_features)
        No more than `MAX_LABELLED`.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = unit_vectors(vectors)

    def distances(self, vectors: Vectors) -> NDArray[np.float64]:
        """Tell how far pictures (n_images, n_features) are from the nearest: 0 to 2 (n_images,)."""
        found = [
            _nearest(unit_vectors(vectors[start : start + BATCH]), self._vectors)
            for start in range(0, len(vectors), BATCH)
        ]
        return np.concatenate([np.empty(0), *found])

    def novelties(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell which share of the labelled ones is nearer to the others, 0 to 1 (n_images,)."""
        places = np.searchsorted(self._usual, distances, "left")
        return np.asarray(places / max(1, len(self._usual)), np.float64)

    @cached_property
    def _usual(self) -> NDArray[np.float64]:
        """Distances of labelled pictures to the nearest of the others, ascending."""
        places = spread_evenly(len(self._vectors), N_COMPARED)
        likeness = self._vectors[places] @ self._vectors.T
        likeness[np.arange(len(places)), places] = -1
        return np.sort(1.0 - likeness.max(axis=1))


class Novelty:
    """Compares vectors with those of a metadata file, which are of labelled pictures.

    Attributes
    ----------
    n_judged, n_novel : int
        Pictures that were compared, and those of them beyond `NOVEL`.
    """

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        self.n_judged = self.n_novel = 0

    @property
    def reference(self) -> bytes:
        """What tells the labelled pictures from others."""
        return self._metadata.digest[:8]

    def of(self, vectors: Vectors) -> NDArray[np.float64]:
        """Tell how novel pictures are.

        Parameters
        ----------
        vectors : ndarray of float32, shape (n_images, n_features)
            Of pictures that are not labelled.

        Returns
        -------
        ndarray of float64, shape (n_images,)
            The share of labelled pictures that are nearer to the others, 0 to 1.
        """
        novelties = self._labelled.novelties(self._labelled.distances(vectors))
        self.n_judged += len(novelties)
        self.n_novel += int((novelties > NOVEL).sum())
        return novelties

    @cached_property
    def _labelled(self) -> Reference:
        places = spread_evenly(self._metadata.n_images, MAX_LABELLED)
        return Reference(self._metadata.vectors_of(places))


def told_novelty(novelty: float | None, usual: float) -> float | None:
    """Return a novelty that is worth telling, beyond what is usual."""
    return novelty if novelty is not None and novelty > usual else None


def spread_evenly(count: int, most: int) -> NDArray[np.int64]:
    """Choose so many places at most, evenly spread over all."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)


def _nearest(vectors: Vectors, labelled: Vectors) -> NDArray[np.float64]:
    return np.asarray(1.0 - (vectors @ labelled.T).max(axis=1), np.float64)


def unit_vectors(vectors: Vectors) -> Vectors:
    """Bring vectors (n_images, n_features) to length 1; zeros stay."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, np.newaxis]
    return np.asarray(vectors / np.maximum(lengths, _LEAST_LENGTH), np.float32)
