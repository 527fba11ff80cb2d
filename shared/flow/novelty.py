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
        distances = [
            _nearest(_unit(vectors[start : start + BATCH]), self._labelled)
            for start in range(0, len(vectors), BATCH)
        ]
        places = np.searchsorted(self._usual, np.concatenate([np.empty(0), *distances]), "left")
        novelties = places / max(1, len(self._usual))
        self.n_judged += len(novelties)
        self.n_novel += int((novelties > NOVEL).sum())
        return novelties

    @cached_property
    def _labelled(self) -> Vectors:
        n_images = self._metadata.n_images
        places = np.linspace(0, n_images - 1, min(n_images, MAX_LABELLED)).astype(np.int64)
        return _unit(self._metadata.vectors_of(places))

    @cached_property
    def _usual(self) -> NDArray[np.float64]:
        """Distances of labelled pictures to the nearest of the others, ascending."""
        n_labelled = len(self._labelled)
        places = np.linspace(0, n_labelled - 1, min(n_labelled, N_COMPARED)).astype(np.int64)
        likeness = self._labelled[places] @ self._labelled.T
        likeness[np.arange(len(places)), places] = -1
        return np.sort(1.0 - likeness.max(axis=1))


def _nearest(vectors: Vectors, labelled: Vectors) -> NDArray[np.float64]:
    return np.asarray(1.0 - (vectors @ labelled.T).max(axis=1), np.float64)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, np.newaxis]
    return np.asarray(vectors / np.maximum(lengths, _LEAST_LENGTH), np.float32)
