"""Scores of a classifier that was learnt a moment ago, of all known pictures: in memory, in a row.

They give the new order before their rows stand in the databases, and go when these do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.files import decoded_classifier
from shared.classifiers.fused.fusing import fuse
from shared.review.vectors import KnownVectors

CHUNK = 8192


@dataclass(frozen=True, eq=False, slots=True)
class FreshScores:
    """``scores`` float32 (n_images,) of the pictures of `KnownVectors` with this ``stamp``."""

    tag: str
    stamp: bytes
    scores: NDArray[np.float32]
    threshold: float
    average_precision: float

    def order(self, order: str, after: Sequence[float] = ()) -> NDArray[np.intp]:
        """Places of the pictures in an order of scores, of those that come after some scores."""
        nearest = {"lowest": 0.0, "around": self.threshold, "worth": 0.5}.get(order, 1.0)
        distances = np.abs(self.scores - np.float32(nearest))
        places = np.argsort(distances, kind="stable")
        if not after:
            return places
        ends = np.abs(np.array(after, np.float32) - np.float32(nearest))
        return places[np.searchsorted(distances[places], ends.max(), side="right") :]


def scored_fresh(name: str, content: bytes, known: KnownVectors, n_threads: int) -> FreshScores:
    """Score all known pictures by a classifier's file."""
    classifier = decoded_classifier(name, content)
    fused = fuse([classifier.estimator])
    scores = np.empty(len(known.numbers), np.float32)
    for start in range(0, len(scores), CHUNK):
        part = slice(start, start + CHUNK)
        vectors = known.vectors[part] * known.lengths[part, np.newaxis]
        scores[part] = fused.score(vectors, n_threads)[:, 0]
    threshold = classifier.thresholds.get("recommended", 0.5)
    precision = classifier.average_precision or 0.0
    return FreshScores(classifier.tag, known.stamp, scores, threshold, precision)
