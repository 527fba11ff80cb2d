import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.results.bins import bin_edge, bin_name, bin_names

COUNTS = [1, 2, 3, 4, 7, 8, 10, 16, 20, 64, 99, 100, 101, 128, 256, 300, 999, 1000, 4096]


@pytest.mark.parametrize(
    ("n_bins", "names"),
    [
        (1, ["1.0"]),
        (2, ["0.5", "1.0"]),
        (3, ["0.33", "0.67", "1.0"]),
        (4, ["0.25", "0.5", "0.75", "1.0"]),
        (8, ["0.125", "0.25", "0.375", "0.5", "0.625", "0.75", "0.875", "1.0"]),
        (10, ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]),
    ],
)
def test_names_are_the_upper_edges(n_bins: int, names: list[str]) -> None:
    assert list(bin_names(n_bins)) == names


@pytest.mark.parametrize(
    ("n_bins", "first", "last_but_one"),
    [
        (20, "0.05", "0.95"),
        (100, "0.01", "0.99"),
        (1000, "0.001", "0.999"),
        (300, "0.003", "0.997"),
    ],
)
def test_names_of_many_bins_are_short(n_bins: int, first: str, last_but_one: str) -> None:
    assert (bin_names(n_bins)[0], bin_names(n_bins)[-2]) == (first, last_but_one)


@pytest.mark.parametrize("n_bins", COUNTS)
def test_names_are_unique_and_sort_as_their_edges(n_bins: int) -> None:
    names = bin_names(n_bins)
    assert len(set(names)) == n_bins
    assert sorted(names) == list(names)


@pytest.mark.parametrize("n_bins", COUNTS)
def test_names_are_near_their_edges(n_bins: int) -> None:
    edges = np.arange(1, n_bins + 1) / n_bins
    assert (
        np.abs(np.array([float(name) for name in bin_names(n_bins)]) - edges).max() < 0.5 / n_bins
    )


@pytest.mark.parametrize(
    ("score", "name"),
    [
        (0.0, "0.1"),
        (0.1, "0.1"),
        (math.nextafter(0.1, 1), "0.2"),
        (0.3, "0.3"),
        (0.1 * 3, "0.4"),  # the double above 0.3
        (0.7, "0.7"),
        (0.9, "0.9"),
        (1.0, "1.0"),
        (1 + 1e-15, "1.0"),
        (-1e-300, "0.1"),
    ],
)
def test_a_score_on_the_edge_belongs_below_it(score: float, name: str) -> None:
    assert bin_name(score, 10) == name


@pytest.mark.parametrize("n_bins", COUNTS)
def test_each_edge_is_in_its_own_bin_and_the_next_double_in_the_next(n_bins: int) -> None:
    edges = [k / n_bins for k in range(1, n_bins)]
    assert [bin_name(edge, n_bins) for edge in edges] == list(bin_names(n_bins)[:-1])
    above = [bin_name(math.nextafter(edge, 2), n_bins) for edge in edges]
    assert above == list(bin_names(n_bins)[1:])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 1200))
def test_bins_rise_with_the_score(one: float, two: float, n_bins: int) -> None:
    low, high = sorted((one, two))
    low_edge, high_edge = bin_edge(np.array([low, high]), n_bins)
    assert low_edge <= high_edge
    assert bin_name(low, n_bins) <= bin_name(high, n_bins)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.integers(1, 1200))
def test_name_and_edge_tell_the_same_bin(score: float, n_bins: int) -> None:
    edge = float(bin_edge(np.array(score), n_bins))
    assert bin_name(score, n_bins) == bin_names(n_bins)[round(edge * n_bins) - 1]
    assert score <= edge


def test_edges_keep_the_shape() -> None:
    edges = bin_edge(np.array([[0.0, 0.55], [0.6, 1.0]]), 10)
    assert edges.tolist() == [[0.1, 0.6], [0.6, 1.0]]


@pytest.mark.parametrize("n_bins", [0, -3])
def test_fewer_than_one_bin_is_an_error(n_bins: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        bin_names(n_bins)


def test_no_number_has_no_bin() -> None:
    with pytest.raises(ValueError, match="not a number"):
        bin_name(math.nan, 10)
    with pytest.raises(ValueError, match="not a number"):
        bin_edge(np.array([0.5, math.nan]), 10)
