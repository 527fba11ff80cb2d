"""Score bins of equal width, named by their upper edge."""

from bisect import bisect_left
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats

MAX_EXACT_DECIMALS = 3


def bin_edge(scores: Floats, n_bins: int) -> NDArray[np.float64]:
    """Upper edge of the bin of each score.

    Parameters
    ----------
    scores : ndarray of float64, any shape
        Probabilities. What rounding put outside of 0 to 1 counts as 0 or 1.
    n_bins : int
        Number of bins, at least 1.

    Returns
    -------
    ndarray of float64, shape of ``scores``
        The least of the doubles ``1 / n_bins, 2 / n_bins, ..., 1`` that is not below the score.

    Raises
    ------
    ValueError
        If a score is no number, or ``n_bins`` is less than 1.
    """
    return np.array(upper_edges(n_bins))[bin_index(scores, n_bins)]


def bin_index(scores: Floats, n_bins: int) -> NDArray[np.intp]:
    """Place of the bin of each score, 0 for the lowest; as `bin_edge` otherwise."""
    if np.isnan(scores).any():
        message = "a score is not a number and belongs to no bin"
        raise ValueError(message)
    return np.minimum(np.searchsorted(upper_edges(n_bins), scores), n_bins - 1)


def bin_name(score: float, n_bins: int) -> str:
    """Name of the bin of a score, as `bin_edge` finds it.

    Examples
    --------
    >>> [bin_name(score, 10) for score in (0.0, 0.1, 0.1000001, 1.0)]
    ['0.1', '0.1', '0.2', '1.0']
    """
    if score != score:  # noqa: PLR0124 - the quick test for NaN; this runs once per row
        message = "a score is not a number and belongs to no bin"
        raise ValueError(message)
    return bin_names(n_bins)[min(bisect_left(upper_edges(n_bins), score), n_bins - 1)]


@lru_cache
def bin_names(n_bins: int) -> tuple[str, ...]:
    """Names of all bins, lowest first; as texts they sort in the same order.

    They are exact where three decimals suffice, and else have the fewest decimals, two at least,
    that tell the bins apart.

    Examples
    --------
    >>> bin_names(3)
    ('0.33', '0.67', '1.0')
    """
    upper_edges(n_bins)
    for decimals in range(1, MAX_EXACT_DECIMALS + 1):
        if 10**decimals % n_bins == 0:
            return _names(n_bins, decimals)
    decimals = 2
    while len(set(_names(n_bins, decimals))) < n_bins:
        decimals += 1
    return _names(n_bins, decimals)


@lru_cache
def upper_edges(n_bins: int) -> tuple[float, ...]:
    """Upper edges of all bins, lowest first."""
    if n_bins < 1:
        message = f"{n_bins} bins; at least 1 is needed"
        raise ValueError(message)
    return tuple(k / n_bins for k in range(1, n_bins + 1))


def _names(n_bins: int, decimals: int) -> tuple[str, ...]:
    return tuple(_decimal(k, n_bins, decimals) for k in range(1, n_bins + 1))


def _decimal(k: int, n_bins: int, decimals: int) -> str:
    # Whole numbers, so that a name never depends on how a double happens to round.
    units = (2 * k * 10**decimals + n_bins) // (2 * n_bins)
    whole, fraction = divmod(units, 10**decimals)
    return f"{whole}." + (f"{fraction:0{decimals}d}".rstrip("0") or "0")
