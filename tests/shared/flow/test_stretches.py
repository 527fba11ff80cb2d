"""Each score belongs to one stretch, in its bin and on its side of the threshold."""

import pytest

from shared.flow.stretches import (
    N_UNDECIDED,
    ScoreStretch,
    counts_by_bin,
    score_edges,
    score_stretches,
)
from shared.flow.tallies import Tally
from shared.results.bins import bin_name, bin_names

SCORES = [at / 64 for at in range(65)] + [0.1, 0.3, 0.55, 0.9, 1 / 3, 2 / 3]


def found(scores: list[float], n_bins: int, threshold: float | None) -> list[ScoreStretch]:
    tally = Tally({"svm": score_edges(n_bins, threshold)})
    for one in scores:
        tally.add([one], [0])
    return score_stretches(n_bins, threshold, tally.counts("svm"))


@pytest.mark.parametrize("n_bins", [1, 3, 10])
@pytest.mark.parametrize("threshold", [None, 0.0, 0.1, 0.3, 0.5, 0.55, 1 / 3, 0.999, 1.0])
def test_a_score_lies_in_the_one_stretch_of_its_bin_and_side(
    n_bins: int, threshold: float | None
) -> None:
    stretches = found(SCORES, n_bins, threshold)
    for score in SCORES:
        [own] = [
            one
            for one in stretches
            if (one.low is None or score > one.low) and (one.high is None or score <= one.high)
        ]
        assert own.bin_name == bin_name(score, n_bins)
        assert own.is_decided == (threshold is not None and score >= threshold)
    assert sum(one.n_pictures for one in stretches) == len(SCORES)


def test_they_come_from_the_best_on_and_only_where_there_are_pictures() -> None:
    stretches = found([0.05, 0.52, 0.58, 0.95], 10, 0.55)
    assert [(one.anchor, one.n_pictures) for one in stretches] == [
        ("bin-1.0", 1),
        ("bin-0.6", 1),
        ("bin-0.6-below", 1),
        ("bin-0.1", 1),
    ]
    assert found([], 10, 0.55) == []


def test_bins_are_counted_whatever_the_threshold() -> None:
    names = bin_names(10)
    for threshold in (None, 0.5, 0.55):
        counts = counts_by_bin(found(SCORES, 10, threshold), 10)
        assert counts == [sum(bin_name(one, 10) == name for one in SCORES) for name in names]


@pytest.mark.parametrize(("n", "is_decided"), [(5, False), (10**6, False), (10**6, True)])
def test_all_that_is_decided_is_shown_and_so_many_of_the_others(
    n: int, *, is_decided: bool
) -> None:
    one = ScoreStretch("1.0", "bin-1.0", None, None, is_decided, n)
    assert one.n_shown == (n if is_decided else min(n, N_UNDECIDED))
