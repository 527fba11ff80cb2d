"""Counts while reading are those of the bins into which the pictures go."""

from collections import Counter

import pytest

from shared.flow import tallies
from shared.flow.tallies import Tally
from shared.results.bins import bin_name, bin_names, upper_edges

SCORES = (0.0, 0.1, 0.1000001, 0.25, 0.3, 1 / 3, 2 / 3, 0.7, 0.9999, 1.0, 1.0000001)


@pytest.mark.parametrize("batch", [3, 1000])
@pytest.mark.parametrize("n_bins", [1, 3, 10])
def test_bins_are_counted_as_pictures_are_put_into_them(
    monkeypatch: pytest.MonkeyPatch, n_bins: int, batch: int
) -> None:
    monkeypatch.setattr(tallies, "_BATCH", batch)
    tally = Tally({"svm": upper_edges(n_bins)})
    for one in SCORES:
        tally.add([one], [0])
    expected = Counter(bin_name(one, n_bins) for one in SCORES)
    assert dict(zip(bin_names(n_bins), tally.counts("svm"), strict=True)) == {
        name: expected[name] for name in bin_names(n_bins)
    }


def test_each_classifier_has_its_own_counts_of_what_is_shown_of_it() -> None:
    tally = Tally({"a": [0.5, 1.0], "b": [0.2, 0.4, 1.0]})
    tally.add([0.3, 0.3], [0, 1])
    tally.add([0.3, 0.9], [1])
    assert (tally.counts("a"), tally.counts("b")) == ([1, 0], [0, 1, 1])


def test_nothing_counts_nothing() -> None:
    tally = Tally({"a": [0.5, 1.0]})
    assert tally.counts("a") == [0, 0]
    tally.add([0.1], [])
    assert tally.counts("a") == [0, 0]
