"""Thresholds that are asked for by name are fitted to a collection; what is told adds up."""

from dataclasses import replace

import numpy as np
import pytest

from shared.classifiers.estimators import ScoreCounts
from shared.database.decisions import InForce
from shared.flow.estimating import Tagged, estimates, fitted_to, is_less_than_promised, percent
from shared.flow.prevalence import Counts
from shared.odds import N_ODDS_BINS, odds_edges


def spread(**bins: int) -> Counts:
    """Pictures by bin: ``b130=5`` are five in bin 130."""
    counts = np.zeros(N_ODDS_BINS, np.int64)
    for name, count in bins.items():
        counts[int(name[1:])] = count
    return counts


TRAINED = ScoreCounts(
    tuple(spread(b110=5, b130=40, b200=55).tolist()),
    tuple(spread(b60=500, b110=20, b130=5).tolist()),
)
FOUND = spread(b60=9900, b110=400, b130=100, b200=20)


def in_force(threshold: float | None = 0.5, chosen_by: str = "precision_95") -> InForce:
    return InForce("cat", 1, b"version", threshold, chosen_by)


@pytest.mark.parametrize("chosen_by", ["precision_95", "precision_80", "recommended"])
def test_where_a_tag_is_rarer_its_threshold_is_higher(chosen_by: str) -> None:
    [fit] = fitted_to([in_force(odds_edges()[110], chosen_by)], {"cat": Tagged(FOUND, TRAINED)})
    assert fit.threshold is not None
    assert fit.threshold > odds_edges()[110]
    assert (fit.tag, fit.chosen_by) == ("cat", chosen_by)


@pytest.mark.parametrize("chosen_by", ["number", "default"])
def test_a_threshold_that_was_not_asked_for_by_name_stays(chosen_by: str) -> None:
    one = in_force(0.123, chosen_by)
    assert fitted_to([one], {"cat": Tagged(FOUND, TRAINED)}) == [one]


def test_a_threshold_stays_where_training_or_collection_is_unknown() -> None:
    one = in_force()
    for tagged in ({}, {"cat": Tagged(FOUND, None)}, {"cat": Tagged(spread(), TRAINED)}):
        assert fitted_to([one], tagged) == [one]


def test_shares_and_means_of_training_and_collection_stand_side_by_side() -> None:
    [told] = estimates([in_force(odds_edges()[129])], {"cat": Tagged(FOUND, TRAINED)})
    assert (told.n_pictures, told.decided_share) == (10_420, 120 / 10_420)
    assert told.trained_share == 100 / 625
    assert told.trained_decided_share == 100 / 625
    assert told.trained_precision == 0.95
    assert told.trained_mean_score is not None
    assert told.mean_score < told.trained_mean_score
    assert told.share is not None
    assert told.share < told.trained_share
    assert told.precision is not None
    assert told.precision < told.trained_precision


def test_a_tag_of_which_nothing_is_decided_has_no_precision() -> None:
    [told] = estimates([in_force(None)], {"cat": Tagged(FOUND, TRAINED)})
    assert (told.decided_share, told.trained_precision, told.precision) == (0.0, None, None)
    assert told.share is not None


def test_what_is_too_novel_counts_as_scored_and_not_as_decided() -> None:
    novel = spread(b60=100, b130=50)
    decides = in_force(odds_edges()[129])
    [told] = estimates([decides], {"cat": Tagged(FOUND, TRAINED, novel)})
    [others] = estimates([decides], {"cat": Tagged(FOUND - novel, TRAINED)})
    assert (told.n_pictures, told.n_too_novel, told.decided_share) == (10_420, 150, 70 / 10_420)
    assert (told.share, told.precision) == (others.share, others.precision)
    [whole] = estimates([decides], {"cat": Tagged(FOUND, TRAINED)})
    assert (told.mean_score, whole.n_too_novel) == (whole.mean_score, 0)


def test_where_all_is_too_novel_nothing_is_told_but_counts() -> None:
    [told] = estimates([in_force()], {"cat": Tagged(FOUND, TRAINED, FOUND)})
    assert (told.decided_share, told.share, told.precision) == (0.0, None, None)


def test_of_a_collection_without_scores_nothing_is_told() -> None:
    assert estimates([in_force()], {"cat": Tagged(spread(), TRAINED)}) == []
    assert estimates([in_force()], {}) == []


def test_less_than_promised_is_what_chance_does_not_explain() -> None:
    [told] = estimates([in_force(odds_edges()[129])], {"cat": Tagged(FOUND, TRAINED)})
    assert is_less_than_promised(told)
    assert not is_less_than_promised(replace(told, precision_high=told.trained_precision))
    assert not is_less_than_promised(replace(told, precision_high=None, trained_precision=None))


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0%"), (0.0025, "0.25%"), (0.0312, "3.1%"), (0.4217, "42%"), (1.0, "100%")],
)
def test_a_share_is_spelled_with_two_digits_that_count(share: float, words: str) -> None:
    assert percent(share) == words
