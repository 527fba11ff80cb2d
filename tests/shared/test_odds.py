"""Bins of odds part scores near 0 and near 1 as finely as those in the middle."""

import numpy as np
import pytest

from shared.odds import N_ODDS_BINS, odds_bins, odds_edges, odds_middles


def test_every_score_has_one_bin_and_higher_ones_no_lower_bin() -> None:
    scores = np.sort(np.concatenate([np.linspace(0, 1, 1001), [1e-12, 1 - 1e-12]]))
    places = odds_bins(scores)
    assert (np.diff(places) >= 0).all()
    assert (places[0], places[-1]) == (0, N_ODDS_BINS - 1)


def test_an_edge_is_in_the_bin_above_it() -> None:
    edges = np.array(odds_edges())
    assert odds_bins(edges).tolist() == list(range(1, N_ODDS_BINS))
    assert odds_bins(np.nextafter(edges, 0)).tolist() == list(range(N_ODDS_BINS - 1))


@pytest.mark.parametrize("score", [0.001, 0.3, 0.5, 0.97])
def test_the_middle_of_a_bin_is_near_its_scores(score: float) -> None:
    [place] = odds_bins(np.array([score]))
    assert odds_middles()[place] == pytest.approx(np.log(score / (1 - score)), abs=0.06)


def test_one_half_is_an_edge_in_the_middle() -> None:
    assert odds_edges()[N_ODDS_BINS // 2 - 1] == 0.5
    assert len(odds_middles()) == N_ODDS_BINS
