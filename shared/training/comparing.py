"""Which of two classifiers is the better, and whether chance may have made it so."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shared.records import Floats
from shared.training.ranking import Truth, average_precision, ranked
from shared.training.thresholds import INTERVAL_PERCENT, Interval, resampled


@dataclass(frozen=True, slots=True)
class Comparison:
    """The better of two classifiers by average precision, and by how much it is better.

    ``interval`` holds the middle 95% of paired bootstrap samples: both are judged by the same
    pictures in each (B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993).
    """

    better: str
    other: str
    difference: float
    interval: Interval

    @property
    def is_sure(self) -> bool:
        """Whether the better one is so in all of the interval."""
        return self.interval[0] > 0


def compared(scores: Mapping[str, Floats], has_tag: Truth, seed: int) -> Comparison:
    """Compare two classifiers by their scores of the same pictures.

    Parameters
    ----------
    scores : mapping of str to ndarray of float64, shape (n_images,)
        P(tag) by the name of the classifier, two of them, that have not learnt from the picture.
    has_tag : ndarray of bool, shape (n_images,)
        The truth; at least one picture with the tag.
    seed : int
        Decides the bootstrap samples.
    """
    rankings = {name: ranked(one, has_tag) for name, one in scores.items()}
    quality = {name: average_precision(one) for name, one in rankings.items()}
    better, other = sorted(scores, key=quality.__getitem__, reverse=True)
    differences = []
    for weights in resampled(len(has_tag), seed):
        one, two = (
            average_precision(rankings[name], weights[rankings[name].order])
            for name in (better, other)
        )
        differences.append(one - two)
    low, high = np.percentile(differences, INTERVAL_PERCENT)
    return Comparison(better, other, quality[better] - quality[other], (float(low), float(high)))
