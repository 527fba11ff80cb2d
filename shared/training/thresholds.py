"""Where to cut: the thresholds that give a precision, with what chance leaves open about them.

Numpy alone. The intervals are percentiles over bootstrap samples. Threshold and recall are those
of a cut that each sample chooses anew, precision is that of the cut that was chosen from them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats
from shared.training.ranking import Ranking, ranked

TARGETS: dict[str, float | None] = {
    "precision_95": 0.95,
    "precision_90": 0.90,
    "precision_80": 0.80,
    "recommended": None,
}
"""The recommended one has the best F1."""
N_SAMPLES = 200
INTERVAL_PERCENT = (2.5, 97.5)
NOWHERE = -1
Interval = tuple[float, float]
Indices = NDArray[np.intp]
Record = dict[str, Any]
_HEAD = ("", "take scores of at least", "precision", "recall", "reached")
_NAMES = {
    "precision_95": "95% precision",
    "precision_90": "90% precision",
    "precision_80": "80% precision",
    "recommended": "best F1: recommended",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Pictures with at least this score are taken; what that gave on pictures not learnt from.

    Each interval holds the middle 95% of the bootstrap samples. ``reached`` is the share of them
    in which the precision was reached at all; where it was not, nothing is taken and recall is 0.
    Samples without any of the pictures that are taken have no precision, and do not count for it.
    """

    threshold: float
    precision: float
    recall: float
    threshold_interval: Interval
    precision_interval: Interval
    recall_interval: Interval
    reached: float


@dataclass(frozen=True, eq=False, slots=True)
class _Counts:
    """Pictures taken, precision, recall and F1 (n_images,) of cuts after each image."""

    n_found: NDArray[np.int64]
    precision: Floats
    recall: Floats
    f1: Floats

    def cut(self, ranking: Ranking, target: float | None) -> int:
        """Place of the last image that is taken, or NOWHERE."""
        if target is None:
            return int(np.argmax(np.where(ranking.can_cut, self.f1, -1)))
        fit = np.flatnonzero(ranking.can_cut & (self.precision >= target))
        return int(fit[-1]) if len(fit) else NOWHERE


def thresholds(
    scores: Floats, has_tag: NDArray[np.bool_], seed: int
) -> dict[str, Threshold | None]:
    """Choose a threshold for each of `TARGETS`: of those that reach it, that of most recall.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_images,)
        P(tag), from classifiers that have not learnt from the image.
    has_tag : ndarray of bool, shape (n_images,)
        The truth; at least one image with the tag.
    seed : int
        Decides the bootstrap samples.

    Returns
    -------
    dict of str to Threshold or None
        None where no threshold reaches the precision.
    """
    ranking = ranked(scores, has_tag)
    whole = _counts(ranking, np.ones(len(scores), np.int64))
    cuts = {name: whole.cut(ranking, target) for name, target in TARGETS.items()}
    rng = np.random.default_rng(seed)
    samples: dict[str, list[_Sample]] = {name: [] for name in TARGETS}
    for _ in range(N_SAMPLES):
        drawn = rng.integers(0, len(scores), len(scores))
        counts = _counts(ranking, np.bincount(drawn, minlength=len(scores)))
        for name, target in TARGETS.items():
            samples[name].append(_sample(counts, counts.cut(ranking, target), cuts[name]))
    return {
        name: None if at == NOWHERE else _threshold(ranking, whole, at, samples[name])
        for name, at in cuts.items()
    }


@dataclass(frozen=True, slots=True)
class _Sample:
    """Where one bootstrap sample cuts, its recall there, and its precision at the cut of all.

    ``precision`` is None where it has drawn none of the pictures that are taken.
    """

    at: int
    recall: float
    precision: float | None


def _sample(counts: _Counts, at: int, cut: int) -> _Sample:
    recall = float(counts.recall[at]) if at != NOWHERE else 0.0
    return _Sample(at, recall, float(counts.precision[cut]) if counts.n_found[cut] else None)


def _counts(ranking: Ranking, weights: NDArray[np.int64]) -> _Counts:
    n_found = np.cumsum(weights)
    hits = np.cumsum(weights * ranking.has_tag)
    n_tag = max(1, int(hits[-1]))
    precision = hits / np.maximum(n_found, 1)
    return _Counts(n_found, precision, hits / n_tag, 2 * hits / (n_found + n_tag))


def _threshold(ranking: Ranking, whole: _Counts, at: int, samples: list[_Sample]) -> Threshold:
    reached = [one.at for one in samples if one.at != NOWHERE]
    precision = float(whole.precision[at])
    drawn = [one.precision for one in samples if one.precision is not None]
    return Threshold(
        threshold=float(ranking.scores[at]),
        precision=precision,
        recall=float(whole.recall[at]),
        threshold_interval=_interval(ranking.scores[reached or [at]]),
        precision_interval=_interval(np.array(drawn or [precision])),
        recall_interval=_interval(np.array([one.recall for one in samples])),
        reached=len(reached) / len(samples),
    )


def _interval(numbers: Floats) -> Interval:
    low, high = np.percentile(numbers, INTERVAL_PERCENT)
    return float(low), float(high)


def iter_threshold_rows(thresholds: Record) -> Iterator[tuple[str, ...]]:
    """Yield the head, then each threshold with what chance leaves open about it."""
    yield _HEAD
    for name, words in _NAMES.items():
        found = thresholds[name]
        yield (words, *_cells(found)) if found else (words, "not reachable")


def _cells(found: Record) -> Iterator[str]:
    for name, digits in (("threshold", 4), ("precision", 3), ("recall", 3)):
        low, high = found[f"{name}_interval"]
        yield f"{found[name]:.{digits}f} ({low:.3f} to {high:.3f})"
    yield f"{found['reached']:.0%}"
