"""Bins of equal width in the logarithm of a score's odds, which part scores near 0 and near 1.

What is beyond `MAX_LOG_ODDS` is in the first bin and the last.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats

PER_UNIT = 10
MAX_LOG_ODDS = 12
N_ODDS_BINS = 2 * MAX_LOG_ODDS * PER_UNIT


def odds_bins(scores: Floats) -> NDArray[np.intp]:
    """Place of the bin of each score, 0 to 1; the lowest bin is 0."""
    return np.searchsorted(odds_edges(), scores, side="right")


@lru_cache
def odds_edges() -> tuple[float, ...]:
    """Edges between the bins, as scores: each is in the bin above it, (N_ODDS_BINS - 1,)."""
    units = range(1 - N_ODDS_BINS // 2, N_ODDS_BINS // 2)
    return tuple(1 / (1 + math.exp(-k / PER_UNIT)) for k in units)


def odds_middles() -> Floats:
    """Logarithm of the odds in the middle of each bin, (N_ODDS_BINS,)."""
    return (np.arange(N_ODDS_BINS) - N_ODDS_BINS / 2 + 0.5) / PER_UNIT
