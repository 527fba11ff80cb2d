"""How common a tag is in a collection that nobody has labelled, told from scores alone.

Numpy alone. Training pictures tell how scores of the tag and of others are spread, the collection
how many there are of each score. Two estimates, which err in different directions: by maximum
likelihood from calibrated scores (M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs
of a classifier to new a priori probabilities", 2002; its EM ends where the likelihood is highest),
and counts above thresholds, adjusted by their rates of hits and false alarms, of which the median
is taken (G. Forman, "Quantifying counts and costs via classification", 2008). The middle of both is
told, and an interval over bootstrap samples of both.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import ScoreCounts
from shared.odds import N_ODDS_BINS, odds_bins, odds_edges, odds_middles
from shared.records import Floats

N_SAMPLES = 100
INTERVAL_PERCENT = (2.5, 97.5)
HIT_RATES = np.linspace(0.1, 0.9, 9)
"""Counts are adjusted at the thresholds that find these shares of the tag's pictures."""
LEAST_DIFFERENCE = 0.25
"""Between hits and false alarms: with less, a count tells nothing."""
_N_NEWTON = 30
_N_HALVINGS = 40
_RIDGE = 1e-9
_SEED = 0
Counts: TypeAlias = NDArray[np.int64]
"""Pictures by the bin of their score's odds; one row a sample."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated share, and the middle 95% of bootstrap samples of it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, slots=True)
class Prevalence:
    """What scores tell of a tag in a collection.

    ``share`` of all pictures have the tag. ``precision`` is the share of the pictures at or above
    the threshold that have it, None where there are none. ``n_found`` counts the pictures in each
    bin of odds, ``n_tag`` how many of them have the tag.
    """

    share: Estimate
    precision: Estimate | None
    n_found: Counts
    n_tag: Floats

    def threshold(self, target: float) -> float | None:
        """Find the lowest score from which on so large a share would have the tag, if any."""
        found, with_tag = _from_above(self.n_found), _from_above(self.n_tag)
        reach = np.flatnonzero((found > 0) & (with_tag >= target * found))
        return _lower_edge(reach[0]) if len(reach) else None

    def best_threshold(self) -> float:
        """Find the score from which on the expected F1 would be the best."""
        found, with_tag = _from_above(self.n_found), _from_above(self.n_tag)
        return _lower_edge(np.argmax(_ratio(2 * with_tag, found + with_tag[0])))


def prevalence(
    trained: ScoreCounts, collection: Counts, threshold: float | None
) -> Prevalence | None:
    """Estimate how common a tag is, and how precise a threshold.

    Parameters
    ----------
    trained : ScoreCounts
        Cross-validated scores of the pictures that were learnt from.
    collection : ndarray of int64, shape (N_ODDS_BINS,)
        Pictures of the collection by the bin of their score's odds.
    threshold : float or None
        The score from which on the tag is decided.

    Returns
    -------
    Prevalence or None
        None where the collection is empty, or the scores do not tell the tag from the rest.
    """
    found = collection[np.newaxis]
    if not found.sum():
        return None
    rng = np.random.default_rng(_SEED)
    tag, other, sampled = (
        np.vstack([one, rng.poisson(one, (N_SAMPLES, one.shape[1]))])
        for one in (np.array([trained.tag]), np.array([trained.other]), found)
    )
    sampled[sampled.sum(axis=1) == 0] = found
    first = first_bin(threshold)
    likely = _by_likelihood(tag, other, sampled, trained.share, first)
    adjusted = _by_adjusted_counts(tag, other, sampled, first)
    shares = _estimate(likely.shares, adjusted.shares)
    if shares is None:
        return None
    return Prevalence(
        shares,
        _estimate(likely.precisions, adjusted.precisions) if found[:, first:].any() else None,
        found[0],
        found[0] * likely.has_tag,
    )


def first_bin(threshold: float | None) -> int:
    """Find the bin of odds from which on scores are decided; one beyond the last for none."""
    return N_ODDS_BINS if threshold is None else int(odds_bins(np.array([threshold]))[0])


@dataclass(frozen=True, eq=False, slots=True)
class _Sampled:
    """Shares and precisions (1 + N_SAMPLES,), the first of what was found; NaN where unknown."""

    shares: Floats
    precisions: Floats


@dataclass(frozen=True, eq=False, slots=True)
class _Likely(_Sampled):
    """``has_tag`` (N_ODDS_BINS,) is the share of each bin's pictures that have the tag."""

    has_tag: Floats


def _by_likelihood(
    tag: Counts, other: Counts, collection: Counts, share: float, first: int
) -> _Likely:
    slopes, offsets = _sigmoids(tag, other)
    slopes[0], offsets[0] = 1.0, 0.0  # the scores themselves are calibrated on just these pictures
    odds = np.exp(slopes[:, None] * odds_middles() + offsets[:, None])
    ratio = odds * ((1 - share) / share)
    low, high = np.zeros(len(odds)), np.ones(len(odds))
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        rises = (collection * (ratio - 1) / (1 + middle[:, None] * (ratio - 1))).sum(axis=1) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    shares = (low + high) / 2
    has_tag = ratio * shares[:, None] / (1 + shares[:, None] * (ratio - 1))
    above = collection[:, first:]
    precisions = _ratio((above * has_tag[:, first:]).sum(axis=1), above.sum(axis=1))
    return _Likely(shares, precisions, has_tag[0])


def _by_adjusted_counts(tag: Counts, other: Counts, collection: Counts, first: int) -> _Sampled:
    hits, alarms, found = (
        _ratio(_from_above(one), one.sum(axis=1)[:, None]) for one in (tag, other, collection)
    )
    places = np.stack([(hits >= rate).sum(axis=1) - 1 for rate in HIT_RATES], axis=1).clip(0)
    hit, alarm, taken = (np.take_along_axis(one, places, axis=1) for one in (hits, alarms, found))
    usable = hit - alarm > LEAST_DIFFERENCE
    adjusted = np.where(usable, _ratio(taken - alarm, hit - alarm).clip(0, 1), np.nan)
    shares = np.full(len(tag), np.nan)
    known = usable.any(axis=1)
    shares[known] = np.nanmedian(adjusted[known], axis=1)
    if first == collection.shape[1]:
        return _Sampled(shares, np.full(len(tag), np.nan))
    precisions = _ratio(shares * hits[:, first], found[:, first]).clip(0, 1)
    return _Sampled(shares, precisions)


def _sigmoids(tag: Counts, other: Counts) -> tuple[Floats, Floats]:
    """Fit a line through log-odds in each sample, to Platt's softened labels, by Newton's steps."""
    n_tag, n_other = tag.sum(axis=1)[:, None], other.sum(axis=1)[:, None]
    high, low = (n_tag + 1) / (n_tag + 2), 1 / (n_other + 2)
    weights, wanted = tag + other, tag * high + other * low
    x = odds_middles()
    slopes, offsets = np.ones(len(tag)), np.zeros(len(tag))
    for _ in range(_N_NEWTON):
        p = 1 / (1 + np.exp(-(slopes[:, None] * x + offsets[:, None])))
        off = weights * p - wanted
        bend = weights * p * (1 - p)
        g1, g0 = (off * x).sum(axis=1), off.sum(axis=1)
        h11, h10, h00 = (bend * x * x).sum(axis=1), (bend * x).sum(axis=1), bend.sum(axis=1)
        h11, h00 = h11 + _RIDGE, h00 + _RIDGE
        size = h11 * h00 - h10 * h10
        step1, step0 = (h00 * g1 - h10 * g0) / size, (h11 * g0 - h10 * g1) / size
        shrink = np.maximum(1, np.maximum(np.abs(step1), np.abs(step0)))
        slopes, offsets = slopes - step1 / shrink, offsets - step0 / shrink
    return slopes, offsets


def _lower_edge(place: np.intp) -> float:
    return (0.0, *odds_edges())[place]


def _from_above(counts: NDArray[np.generic]) -> Floats:
    """Sum up each bin and all above it, along the last axis."""
    return np.asarray(np.flip(np.cumsum(np.flip(counts, -1), -1), -1), np.float64)


def _ratio(counts: Floats, totals: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts / totals, np.float64)


def _estimate(likely: Floats, adjusted: Floats) -> Estimate | None:
    values = [one[0] for one in (likely, adjusted) if np.isfinite(one[0])]
    samples = np.concatenate([likely[1:], adjusted[1:]])
    samples = samples[np.isfinite(samples)]
    if not values or not len(samples):
        return None
    low, high = np.percentile(samples, INTERVAL_PERCENT)
    return Estimate(float(np.mean(values)), float(low), float(high))
