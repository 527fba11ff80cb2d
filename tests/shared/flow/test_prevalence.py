"""What scores tell of a collection is right, or is known not to be sure."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from shared.classifiers.estimators import ScoreCounts
from shared.flow.prevalence import Counts, Prevalence, first_bin, prevalence
from shared.odds import N_ODDS_BINS, odds_bins
from shared.records import Floats
from shared.training.fitting import (
    MODEL_TYPES,
    cross_validated_scores,
    fitted,
    tag_scores,
)
from tests.shared.training.digits import embedded_digits, shifted_digits

N_TRAINED = 900
SIZE = 1500


def counts(scores: Floats) -> Counts:
    return np.bincount(odds_bins(scores), minlength=N_ODDS_BINS)


def spread(tag: Floats, other: Floats) -> ScoreCounts:
    return ScoreCounts(tuple(counts(tag).tolist()), tuple(counts(other).tolist()))


def drawn(n_tag: int, n_other: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Calibrated scores: their odds tell how much more often the tag has them."""
    rng = np.random.default_rng(seed)
    share = n_tag / (n_tag + n_other)
    shift = np.log(share / (1 - share))
    tag, other = rng.normal(2, 2, n_tag), rng.normal(-2, 2, n_other)
    return 1 / (1 + np.exp(-tag - shift)), 1 / (1 + np.exp(-other - shift))


TRAINED = spread(*drawn(2000, 8000))


def collection(n_tag: int, n_other: int) -> Floats:
    """Scores of the same classifier on pictures that have the tag more or less often."""
    rng = np.random.default_rng(1)
    tag, other = drawn(2000, 8000, seed=2)
    return np.concatenate([rng.choice(tag, n_tag), rng.choice(other, n_other)])


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2, 0.8])
def test_the_share_of_a_collection_is_found_and_its_interval_holds_it(share: float) -> None:
    scores = collection(round(20_000 * share), round(20_000 * (1 - share)))
    told = prevalence(TRAINED, counts(scores), 0.8)
    assert told
    assert told.share.low <= share <= told.share.high
    assert told.share.value == pytest.approx(share, abs=max(0.006, share / 4))


def test_precision_is_that_of_the_pictures_above_the_threshold() -> None:
    scores = collection(400, 19_600)
    has_tag = np.arange(20_000) < 400
    told = prevalence(TRAINED, counts(scores), 0.8)
    assert told
    assert told.precision
    true = has_tag[scores >= 0.8].mean()
    assert true < 0.5
    assert told.precision.low <= true <= told.precision.high


def test_a_threshold_for_the_collection_is_higher_where_the_tag_is_rarer() -> None:
    thresholds = []
    for n_tag in (8000, 2000, 500):
        scores = collection(n_tag, 19_600)
        told = prevalence(TRAINED, counts(scores), None)
        assert told
        threshold = told.threshold(0.7)
        assert threshold is not None
        has_tag = np.arange(len(scores)) < n_tag
        assert has_tag[scores >= threshold].mean() > 0.5
        thresholds.append(threshold)
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


def test_the_best_threshold_has_about_the_best_f1() -> None:
    scores = collection(400, 19_600)
    has_tag = np.arange(20_000) < 400
    told = prevalence(TRAINED, counts(scores), None)
    assert told

    def f1(threshold: float) -> float:
        found = scores >= threshold
        return float(2 * (found & has_tag).sum() / (found.sum() + 400))

    best = max(f1(threshold) for threshold in np.linspace(0.01, 0.999, 300))
    assert f1(told.best_threshold()) > best - 0.05


def test_a_precision_that_nothing_reaches_has_no_threshold() -> None:
    told = prevalence(TRAINED, counts(drawn(2000, 8000)[1][:2000]), 0.5)
    assert told
    assert told.threshold(0.999) is None


def test_where_nothing_is_decided_there_is_no_precision() -> None:
    scores = collection(10, 1000)
    for threshold in (None, 0.9999999):
        told = prevalence(TRAINED, counts(scores), threshold)
        assert told
        assert told.precision is None


def test_of_an_empty_collection_nothing_is_told() -> None:
    assert prevalence(TRAINED, np.zeros(N_ODDS_BINS, np.int64), 0.5) is None


def test_scores_that_do_not_part_the_tag_leave_everything_open() -> None:
    alike = spread(np.full(50, 0.5), np.full(50, 0.5))
    told = prevalence(alike, counts(np.full(1000, 0.5)), 0.4)
    assert told
    assert told.share.high - told.share.low > 0.5


@pytest.mark.parametrize("n_tag", [1, 10])
def test_few_training_pictures_give_wide_intervals_and_no_warning(n_tag: int) -> None:
    few = spread(*drawn(n_tag, 20))
    told = prevalence(few, counts(collection(100, 900)), 0.5)
    assert told
    many = prevalence(TRAINED, counts(collection(100, 900)), 0.5)
    assert many
    assert told.share.high - told.share.low > many.share.high - many.share.low


def test_the_same_counts_give_the_same_numbers() -> None:
    told = [prevalence(TRAINED, counts(collection(100, 900)), 0.5) for _ in range(2)]
    assert [(one.share, one.precision) for one in told if one] == [
        (told[0].share, told[0].precision) if told[0] else None
    ] * 2


def test_a_threshold_is_in_the_bin_from_which_on_is_counted() -> None:
    assert first_bin(None) == N_ODDS_BINS
    assert (first_bin(0.0), first_bin(1.0)) == (0, N_ODDS_BINS - 1)
    assert first_bin(0.5) == N_ODDS_BINS // 2


@dataclass(frozen=True, eq=False)
class Scored:
    """A digit's classifier: its scores on pictures that it has not learnt from."""

    trained: ScoreCounts
    threshold: float
    tag: Floats
    other: Floats


@cache
def scored_digits() -> list[Scored]:
    """Half of the digits are learnt from; the other half is the collection, shifted ones too."""
    digits, shifted = embedded_digits(), shifted_digits()
    order = np.random.default_rng(0).permutation(len(digits.digits))
    learnt, rest = order[:N_TRAINED], order[N_TRAINED:]
    of_shifted = np.random.default_rng(1).random(N_TRAINED) < 0.5
    vectors = np.where(of_shifted[:, None], shifted.vectors[learnt], digits.vectors[learnt])
    unseen = np.concatenate([digits.vectors[rest], shifted.vectors[rest]])
    found = []
    for digit in range(10):
        labels = (digits.digits[learnt] != digit).astype(np.int64)
        has_tag = np.tile(digits.digits[rest] == digit, 2)
        for kind in MODEL_TYPES:
            machine = fitted(kind, vectors, labels, 0)
            assert machine.decisions is not None
            scores = cross_validated_scores(machine.decisions, labels, 0)
            unseen_scores = tag_scores(machine.estimator, unseen)
            tag, other = scores[labels == 0], scores[labels == 1]
            found.append(
                Scored(
                    spread(tag, other),
                    float(np.quantile(tag, 0.1)),
                    unseen_scores[has_tag],
                    unseen_scores[~has_tag],
                )
            )
    return found


def told_of(one: Scored, share: float, rng: np.random.Generator) -> tuple[float, Prevalence]:
    """A collection in which so many have the tag: the true precision, and what scores tell."""
    n_tag = max(1, round(SIZE * share))
    n_tag, n_other = min(n_tag, len(one.tag)), min(SIZE - n_tag, len(one.other))
    n_other = min(n_other, round(n_tag / share) - n_tag)
    tag = rng.choice(one.tag, n_tag, replace=False)
    other = rng.choice(one.other, n_other, replace=False)
    found = prevalence(one.trained, counts(np.concatenate([tag, other])), one.threshold)
    n_decided = (tag >= one.threshold).sum() + (other >= one.threshold).sum()
    assert found
    return float((tag >= one.threshold).sum() / max(1, n_decided)), found


@pytest.mark.training
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
def test_the_precision_of_digits_is_in_its_interval_nine_times_of_ten(share: float) -> None:
    rng = np.random.default_rng(3)
    told = [told_of(one, share, rng) for one in scored_digits()]
    precise = [(true, one.precision) for true, one in told if one.precision]
    held = [one.low - 1e-9 <= true <= one.high + 1e-9 for true, one in precise]
    assert len(held) >= 15
    assert np.mean(held) >= 0.9
    if share >= 0.1:
        off = [one.value - true for true, one in precise]
        assert abs(np.mean(off)) < 0.05
