"""A histogram of scores as shapes that a page draws: bars, and the threshold across them.

Bars grow with the logarithm of their count, so that ten pictures are seen beside ten thousand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 104
_LEFT, _TOP = 8, 14
MAX_LABELLED = 12
"""Bins of which each has its count above it; more would have them overlap."""


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """One bin, whose part from ``cut`` on is decided; lengths are in units of the drawing."""

    name: str
    count: int
    label: str
    href: str
    left: float
    cut: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars from the lowest bin to the highest; ``line`` is where the threshold stands, if any."""

    caption: str
    bars: Sequence[HistogramBar]
    threshold: str
    line: float | None
    base: int = _TOP + HEIGHT
    left: int = _LEFT
    right: int = _LEFT + WIDTH


def histogram(
    caption: str,
    names: Sequence[str],
    counts: Sequence[int],
    threshold: float | None,
    hrefs: Sequence[str],
) -> Histogram:
    """Lay out the bars of all bins, lowest first; ``hrefs`` are where they lead, or empty."""
    most = math.log1p(max(counts, default=0)) or 1
    step = WIDTH / len(names)
    line = None if threshold is None else round(_LEFT + WIDTH * min(max(threshold, 0), 1), 1)
    bars = []
    for at, (name, count, href) in enumerate(zip(names, counts, hrefs, strict=True)):
        left, right = round(_LEFT + at * step + 1, 1), round(_LEFT + (at + 1) * step - 1, 1)
        cut = right if line is None else min(max(line, left), right)
        top = round(_TOP + HEIGHT * (1 - math.log1p(count) / most), 1)
        label = short(count) if count and len(names) <= MAX_LABELLED else ""
        bars.append(HistogramBar(name, count, label, href, left, cut, right, top))
    return Histogram(caption, bars, "" if threshold is None else f"{threshold:.3f}", line)


def short(count: int) -> str:
    """Spell a count in at most four letters.

    Examples
    --------
    >>> [short(count) for count in (7, 999, 1234, 12345, 2500000)]
    ['7', '999', '1.2k', '12k', '2.5M']
    """
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count // size}{unit}"
    return str(count)
