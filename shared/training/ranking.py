"""Pictures in the order of their scores, and how precise it is to take them down to a place."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats

Truth: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """Scores (n_images,) from high to low, the truth beside them, and where each came from.

    ``can_cut`` tells whether a cut is possible after each: equal scores are on the same side.
    """

    scores: Floats
    has_tag: Truth
    can_cut: NDArray[np.bool_]
    order: NDArray[np.intp]


def ranked(scores: Floats, has_tag: Truth) -> Ranking:
    """Rank scores (n_images,); where they are equal their order stays."""
    order = np.argsort(-scores, kind="stable")
    from_high = scores[order]
    can_cut = np.append(from_high[1:] != from_high[:-1], True)
    return Ranking(from_high, has_tag[order], can_cut, order)


def average_precision(ranking: Ranking, weights: NDArray[np.int64] | None = None) -> float:
    """Mean precision at the places where recall grows, each by how much it grows there.

    Parameters
    ----------
    ranking : Ranking
        At least one picture has the tag.
    weights : ndarray of int64, shape (n_images,), optional
        How often each counts, in the order of the ranking; 1 where they are missing.

    Returns
    -------
    float
        As of scikit-learn, 0 to 1; 0 where no picture with the tag counts.
    """
    n_found = np.arange(1, len(ranking.scores) + 1) if weights is None else np.cumsum(weights)
    hits = np.cumsum(ranking.has_tag if weights is None else weights * ranking.has_tag)
    cuts = np.flatnonzero(ranking.can_cut)
    gained = np.diff(hits[cuts], prepend=0)
    precision = hits[cuts] / np.maximum(n_found[cuts], 1)
    return float((precision * gained).sum() / max(1, hits[-1]))
