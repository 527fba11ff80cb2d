"""Pictures in the order of their scores, and how precise it is to take them down to a place."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.records import Floats

Truth: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int64]
Weights: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """Scores (n_images,) from high to low, the truth beside them, and where each came from.

    ``cuts`` (n_cuts,) are the places after which a cut is worth a thought: equal scores are on the
    same side, and more have the tag since the cut before, or before the next one; the last comes
    after all.
    """

    scores: Floats
    has_tag: Truth
    cuts: NDArray[np.intp]
    order: NDArray[np.intp]

    def taken(self, weights: Weights) -> tuple[Numbers, Numbers]:
        """Count what is taken down to each cut, and what of it has the tag, (n_cuts,) each.

        ``weights`` (n_images,), in the order of the ranking, tell how often each picture counts.
        """
        starts = np.append(0, self.cuts[:-1] + 1)
        n_found, hits = (
            np.cumsum(np.add.reduceat(one, starts, dtype=np.int64))
            for one in (weights, weights * self.has_tag)
        )
        return n_found, hits


def ranked(scores: Floats, has_tag: Truth) -> Ranking:
    """Rank scores (n_images,); where they are equal their order stays."""
    order = np.argsort(-scores, kind="stable")
    from_high, in_order = scores[order], has_tag[order]
    ends = np.flatnonzero(np.append(from_high[1:] != from_high[:-1], True))
    gains = np.diff(np.cumsum(in_order)[ends], prepend=0) > 0
    cuts = ends[gains | np.append(gains[1:], True)]
    return Ranking(from_high, in_order, cuts, order)


def average_precision(ranking: Ranking, weights: Weights | None = None) -> float:
    """Mean precision at the places where recall grows, each by how much it grows there.

    Parameters
    ----------
    ranking : Ranking
        At least one picture has the tag.
    weights : ndarray of integers, shape (n_images,), optional
        How often each counts, in the order of the ranking; 1 where they are missing.

    Returns
    -------
    float
        As of scikit-learn, 0 to 1; 0 where no picture with the tag counts.
    """
    ones = np.ones(len(ranking.scores), np.uint8)
    n_found, hits = ranking.taken(ones if weights is None else weights)
    gained = np.diff(hits, prepend=0)
    precision = hits / np.maximum(n_found, 1)
    return float((precision * gained).sum() / max(1, hits[-1]))
