"""Stretches of scores that are shown one after the other: bins, and the threshold between them.

Nothing is read here: how many pictures there are comes from a `Tally`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.results.bins import bin_name, bin_names, upper_edges

N_UNDECIDED = 1000
"""Of a bin's pictures for which the tag is not decided so many are shown, the best ones.

The pages of a million pictures and 60 tags would take as much room as many pictures.
"""


@dataclass(frozen=True, slots=True)
class ScoreStretch:
    """Scores above ``low`` and up to ``high``, of one bin and on one side of the threshold.

    ``anchor`` is where links to it lead, on the page where it begins.
    """

    bin_name: str
    anchor: str
    low: float | None
    high: float | None
    is_decided: bool
    n_pictures: int

    @property
    def n_shown(self) -> int:
        """How many of the pictures, the best, are on pages."""
        return self.n_pictures if self.is_decided else min(self.n_pictures, N_UNDECIDED)


def score_edges(n_bins: int, threshold: float | None) -> list[float]:
    """Upper edges of all bins, and the last score below the threshold."""
    cut = {math.nextafter(threshold, 0)} if threshold is not None and 0 < threshold <= 1 else set()
    return sorted({*upper_edges(n_bins), *cut})


def score_stretches(
    n_bins: int, threshold: float | None, counts: Sequence[int]
) -> list[ScoreStretch]:
    """Find where there are pictures, from the best on; ``counts`` go with the `score_edges`."""
    edges = score_edges(n_bins, threshold)
    lows, highs = [None, *edges[:-1]], [*edges[:-1], None]
    found: list[ScoreStretch] = []
    for edge, low, high, n in reversed(list(zip(edges, lows, highs, counts, strict=True))):
        if n:
            name = bin_name(edge, n_bins)
            is_rest = bool(found) and found[-1].bin_name == name
            is_decided = threshold is not None and edge >= threshold
            anchor = f"bin-{name}" + ("-below" if is_rest else "")
            found.append(ScoreStretch(name, anchor, low, high, is_decided, n))
    return found


def counts_by_bin(stretches: Sequence[ScoreStretch], n_bins: int) -> list[int]:
    """Count the pictures of each bin, lowest bin first."""
    counts = dict.fromkeys(bin_names(n_bins), 0)
    for one in stretches:
        counts[one.bin_name] += one.n_pictures
    return list(counts.values())
