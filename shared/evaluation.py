"""How good scores are, measured on pictures whose tags are known and were not learnt from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from shared.estimators import Floats
from shared.scoring import bin_index

THRESHOLD = 0.5
"""A picture counts as found where its score is at least this."""
N_BINS = 10


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures of one classifier on pictures with and without its tag.

    ``confusion`` has a row for the tag and one for other, each (found, not found).
    ``tag_histogram`` and ``other_histogram`` count scores in ten bins. ``precision`` and ``f1``
    are None where nothing was found: there is nothing that it could be a share of.
    """

    accuracy: float
    precision: float | None
    recall: float
    f1: float | None
    roc_auc: float
    average_precision: float
    confusion: tuple[tuple[int, int], tuple[int, int]]
    tag_histogram: tuple[int, ...]
    other_histogram: tuple[int, ...]


def evaluated(scores: Floats, has_tag: NDArray[np.bool_]) -> Evaluation:
    """Measure scores against the truth.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_images,)
        P(tag), 0 to 1.
    has_tag : ndarray of bool, shape (n_images,)
        The truth; at least one image with the tag and one without.
    """
    found = scores >= THRESHOLD
    hits, misses = _count(found[has_tag]), _count(~found[has_tag])
    false_alarms, rejections = _count(found[~has_tag]), _count(~found[~has_tag])
    n_found = hits + false_alarms
    return Evaluation(
        accuracy=(hits + rejections) / len(scores),
        precision=hits / n_found if n_found else None,
        recall=hits / (hits + misses),
        f1=2 * hits / (n_found + hits + misses) if n_found else None,
        roc_auc=float(roc_auc_score(has_tag, scores)),
        average_precision=float(average_precision_score(has_tag, scores)),
        confusion=((hits, misses), (false_alarms, rejections)),
        tag_histogram=_histogram(scores[has_tag]),
        other_histogram=_histogram(scores[~has_tag]),
    )


def _count(mask: NDArray[np.bool_]) -> int:
    return int(mask.sum())


def _histogram(scores: Floats) -> tuple[int, ...]:
    return tuple(np.bincount(bin_index(scores, N_BINS), minlength=N_BINS).tolist())
