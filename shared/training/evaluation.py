"""How good scores are, measured on pictures whose tags are known and were not learnt from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from shared.records import Floats
from shared.results.bins import bin_index

THRESHOLD = 0.5
"""A picture counts as found where its score is at least this."""
N_BINS = 10
MAX_CURVE_POINTS = 100


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pictures whose scores are in one bin: how many, their mean score, the share with the tag."""

    n_images: int
    mean_score: float
    tag_share: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures of one classifier on pictures with and without its tag.

    ``confusion`` has a row for the tag and one for other, each (found, not found).
    ``tag_histogram`` and ``other_histogram`` count scores in ten bins. ``precision`` and ``f1``
    are None where nothing was found: there is nothing that it could be a share of.
    ``reliability`` has a bin for each tenth of the scores, None where it is empty;
    ``calibration_error`` is the expected calibration error, the mean distance of their two shares.
    ``curve`` are points (recall, precision), at most a hundred or so, for a picture.
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
    calibration_error: float
    reliability: tuple[ReliabilityBin | None, ...]
    curve: tuple[tuple[float, float], ...]


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
    bins = _reliability(scores, has_tag)
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
        calibration_error=_calibration_error(bins),
        reliability=bins,
        curve=_curve(scores, has_tag),
    )


def _count(mask: NDArray[np.bool_]) -> int:
    return int(mask.sum())


def _histogram(scores: Floats) -> tuple[int, ...]:
    return tuple(np.bincount(bin_index(scores, N_BINS), minlength=N_BINS).tolist())


def _reliability(scores: Floats, has_tag: NDArray[np.bool_]) -> tuple[ReliabilityBin | None, ...]:
    places = bin_index(scores, N_BINS)
    masks = [places == place for place in range(N_BINS)]
    return tuple(
        ReliabilityBin(_count(mask), float(scores[mask].mean()), float(has_tag[mask].mean()))
        if mask.any()
        else None
        for mask in masks
    )


def _calibration_error(bins: tuple[ReliabilityBin | None, ...]) -> float:
    filled = [one for one in bins if one]
    distances = [one.n_images * abs(one.mean_score - one.tag_share) for one in filled]
    return sum(distances) / sum(one.n_images for one in filled)


def _curve(scores: Floats, has_tag: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Thin the precision-recall curve out to what an eye can tell apart, both ends kept."""
    precision, recall, _ = precision_recall_curve(has_tag, scores)
    from_right = np.flatnonzero(np.diff(recall, prepend=2) < 0)
    ends = np.union1d(from_right, from_right[1:] - 1)
    thinned = ends[:: max(1, len(ends) // MAX_CURVE_POINTS)]
    kept = np.union1d(thinned, [ends[0], len(recall) - 1])
    return tuple((float(recall[at]), float(precision[at])) for at in kept)
