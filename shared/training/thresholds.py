"""Where to cut: the thresholds that keep a precision, with what chance leaves open about them.

A precision is kept with `CERTAINTY`: learn-then-test with exact binomial bounds over a fixed
sequence (A. Angelopoulos, S. Bates, E. Candès, M. Jordan, L. Lei, "Learn then test: calibrating
predictive algorithms to achieve risk control", 2021). The sequence goes from the highest scores on
down and ends before the first cut at which the precision is not certain any more. It begins where
it first is, not at a fixed place, or a single wrong label among the first would end it: that takes
some of the proof away, and nothing of what was measured (tests/bench/TRUST.md).

The intervals are percentiles over bootstrap samples. Threshold and recall are those of a cut that
each sample chooses anew, precision is that of the cut that was chosen from them all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

from shared.records import THRESHOLD_TARGETS, Floats
from shared.training.ranking import Ranking, Weights, ranked

TARGETS = dict(sorted(THRESHOLD_TARGETS.items(), key=lambda item: item[1] is None))
"""Those with a precision first; the recommended one, of best F1, comes last."""
CERTAINTY = 0.8
"""With more, few tags have labels enough; with less, one classifier in four keeps no promise."""
MAX_GROWTH = 10
"""More than so many times the labels that there are is no advice."""
N_GROWTHS = 100
N_SAMPLES = 200
INTERVAL_PERCENT = (2.5, 97.5)
NOWHERE = -1
Interval = tuple[float, float]
Indices = NDArray[np.intp]
Record = dict[str, Any]
_HEAD = ("", "take scores of at least", "precision", "surely", "recall", "reached")
_NAMES = {
    "precision_95": "95% precision",
    "precision_90": "90% precision",
    "precision_80": "80% precision",
    "recommended": "recommended",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Pictures with at least this score are taken; what that gave on pictures not learnt from.

    Each interval holds the middle 95% of the bootstrap samples. ``reached`` is the share of them
    in which the precision was reached at all; where it was not, nothing is taken and recall is 0.
    Samples without any of the pictures that are taken have no precision, and do not count for it.
    ``sure_precision`` is the least that the precision is with `CERTAINTY`, by the exact binomial
    bound (C. Clopper, E. Pearson, 1934) at this cut.
    """

    threshold: float
    precision: float
    recall: float
    threshold_interval: Interval
    precision_interval: Interval
    recall_interval: Interval
    reached: float
    sure_precision: float


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """Pictures taken, those of them with the tag, and more (n_cuts,) at the cuts of a ranking."""

    n_found: NDArray[np.int64]
    hits: NDArray[np.int64]
    precision: Floats
    recall: Floats
    f1: Floats

    def cut(self, target: float | None) -> int:
        """Choose a cut, by its place among them, or NOWHERE."""
        if target is None:
            return int(np.argmax(self.f1))
        # Between cuts are none but wrong ones: there a precision ends to be sure, and begins not.
        is_sure = self.n_found - self.hits <= _allowed(int(self.n_found[-1]), target)[self.n_found]
        first = int(np.argmax(is_sure))
        if not is_sure[first]:
            return NOWHERE
        n_kept = int(np.argmin(np.append(is_sure[first:], False)))
        return int(np.searchsorted(self.hits, self.hits[first + n_kept - 1]))


@cache
def _allowed(n_images: int, target: float) -> NDArray[np.int64]:
    """Count how many of so many pictures may be wrong, (n_images + 1,), for a precision to be sure.

    -1 where they are too few, even if all are right.
    """
    wrong = np.arange(math.ceil(n_images * (1 - target)) + 1)
    # The least number of pictures with so many wrong ones, by halving.
    low, high = wrong.copy(), np.full(len(wrong), n_images + 1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        is_sure = bdtr(wrong, middle, 1 - target) <= 1 - CERTAINTY
        low, high = np.where(is_sure, low, middle), np.where(is_sure, middle, high)
    return np.searchsorted(high, np.arange(n_images + 1), side="right") - 1


def thresholds(
    scores: Floats, has_tag: NDArray[np.bool_], seed: int
) -> dict[str, Threshold | None]:
    """Choose a threshold for each of `TARGETS`: of those that keep it surely, that of most recall.

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
        None where no threshold keeps the precision.
    """
    ranking = ranked(scores, has_tag)
    whole = counted(ranking, np.ones(len(scores), np.int64))
    cuts = {name: whole.cut(target) for name, target in TARGETS.items()}
    samples: dict[str, list[_Sample]] = {name: [] for name in TARGETS}
    for drawn in resampled(len(scores), seed):
        counts = counted(ranking, drawn)
        for name, target in TARGETS.items():
            samples[name].append(_sample(counts, counts.cut(target), cuts[name]))
    return {
        name: None if at == NOWHERE else _threshold(ranking, whole, at, samples[name])
        for name, at in cuts.items()
    }


@lru_cache(maxsize=1)  # a tag's classifiers, and which of them is better, are judged by the same
def resampled(n_images: int, seed: int) -> NDArray[np.uint8]:
    """Draw bootstrap samples, (`N_SAMPLES`, n_images): how often each image is in each."""
    rng = np.random.default_rng(seed)
    samples = np.empty((N_SAMPLES, n_images), np.uint8)
    for sample in samples:
        drawn = rng.integers(0, n_images, n_images)
        sample[:] = np.bincount(drawn, minlength=n_images)
    return samples


def images_to_reach(scores: Floats, has_tag: NDArray[np.bool_]) -> dict[str, int | None]:
    """Estimate how many more images with the tag would do for each precision that is not reached.

    So many more of either side, if their scores are like those that there are. None where ten
    times as many would not do.
    """
    ranking = ranked(scores, has_tag)
    counts = counted(ranking, np.ones(len(scores), np.int64))
    targets = {name: target for name, target in TARGETS.items() if target is not None}
    return {
        name: _more(counts, target)
        for name, target in targets.items()
        if counts.cut(target) == NOWHERE
    }


def _more(counts: Counts, target: float) -> int | None:
    growth = np.geomspace(1, MAX_GROWTH, N_GROWTHS)[:, np.newaxis]
    cuts = counts.precision >= target
    hits, n_found = (counted[cuts] * growth for counted in (counts.hits, counts.n_found))
    enough = np.flatnonzero((_sure(hits, n_found) >= target).any(axis=1))
    if not len(enough):
        return None
    n_tag = int(counts.hits[-1])
    return max(1, math.ceil((float(growth[enough[0], 0]) - 1) * n_tag))


def _sure(hits: Any, n_found: Any) -> Any:  # noqa: ANN401 - scipy has no types
    """Least precision, with `CERTAINTY`, where so many of those found have the tag; not none."""
    return betaincinv(hits, n_found - hits + 1, 1 - CERTAINTY)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Where one bootstrap sample cuts, its recall there, and its precision at the cut of all.

    ``precision`` is None where it has drawn none of the pictures that are taken.
    """

    at: int
    recall: float
    precision: float | None


def _sample(counts: Counts, at: int, cut: int) -> _Sample:
    recall = float(counts.recall[at]) if at != NOWHERE else 0.0
    return _Sample(at, recall, float(counts.precision[cut]) if counts.n_found[cut] else None)


def counted(ranking: Ranking, weights: Weights) -> Counts:
    """Count what is taken down to each cut, where images (n_images,) have weights."""
    n_found, hits = ranking.taken(weights)
    n_tag = max(1, int(hits[-1]))
    precision = hits / np.maximum(n_found, 1)
    return Counts(n_found, hits, precision, hits / n_tag, 2 * hits / (n_found + n_tag))


def _threshold(ranking: Ranking, whole: Counts, at: int, samples: list[_Sample]) -> Threshold:
    scores = ranking.scores[ranking.cuts]
    reached = [one.at for one in samples if one.at != NOWHERE]
    precision = float(whole.precision[at])
    drawn = [one.precision for one in samples if one.precision is not None]
    return Threshold(
        threshold=float(scores[at]),
        precision=precision,
        recall=float(whole.recall[at]),
        threshold_interval=_interval(scores[reached or [at]]),
        precision_interval=_interval(np.array(drawn or [precision])),
        recall_interval=_interval(np.array([one.recall for one in samples])),
        reached=len(reached) / len(samples),
        sure_precision=float(_sure(max(1, whole.hits[at]), whole.n_found[at])),
    )


def _interval(numbers: Floats) -> Interval:
    low, high = np.percentile(numbers, INTERVAL_PERCENT)
    return float(low), float(high)


def iter_threshold_rows(record: Record) -> Iterator[tuple[str, ...]]:
    """Yield the head, then each threshold of a report with what chance leaves open about it."""
    yield _HEAD
    for name, words in _NAMES.items():
        found = record["thresholds"][name]
        yield (words, *_cells(found)) if found else (words, unreached(record, name))


def unreached(record: Record, name: str) -> str:
    """Say that a precision is not reached, and what would do."""
    more = record["images_to_reach"].get(name)
    if more is None:
        return "not reachable; labels of this kind would hardly do"
    return f"not reachable; about {more} more images with the tag would do"


def _cells(found: Record) -> Iterator[str]:
    for name, digits in (("threshold", 4), ("precision", 3)):
        yield _cell(found, name, digits)
    yield f"{found['sure_precision']:.3f}"
    yield _cell(found, "recall", 3)
    yield f"{found['reached']:.0%}"


def _cell(found: Record, name: str, digits: int) -> str:
    low, high = found[f"{name}_interval"]
    return f"{found[name]:.{digits}f} ({low:.3f} to {high:.3f})"
