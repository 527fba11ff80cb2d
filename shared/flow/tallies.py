"""How many pictures have which scores, counted while the list of a results folder is read through.

The database would look up every score by itself for it, which took more time than all pages.
"""

from collections.abc import Mapping, Sequence

import numpy as np

_BATCH = 1000
_NOT_SHOWN = float("nan")


class Tally:
    """Counts pictures by classifier, between the edges that each of these has.

    ``edges`` are upper ones, which belong to what is below them; the last one has all above it too.
    """

    def __init__(self, edges: Mapping[str, Sequence[float]]) -> None:
        self._names = list(edges)
        self._edges = [np.array(some) for some in edges.values()]
        self._counts = [np.zeros(len(some), np.int64) for some in self._edges]
        self._waiting: list[Sequence[float]] = []

    def add(self, scores: Sequence[float], shown: Sequence[int]) -> None:
        """Count a picture's scores, one a classifier, where it is ``shown``."""
        if len(shown) < len(scores):
            on_shelf = frozenset(shown)
            scores = [one if at in on_shelf else _NOT_SHOWN for at, one in enumerate(scores)]
        self._waiting.append(scores)
        if len(self._waiting) == _BATCH:
            self._count()

    def counts(self, name: str) -> list[int]:
        """How many pictures lie up to each of a classifier's edges and above the one before."""
        if self._waiting:
            self._count()
        found: list[int] = self._counts[self._names.index(name)].tolist()
        return found

    def _count(self) -> None:
        columns = np.array(self._waiting, np.float64).T
        for edges, counts, column in zip(self._edges, self._counts, columns, strict=True):
            places = np.searchsorted(edges, column[~np.isnan(column)])
            found = np.bincount(np.minimum(places, len(edges) - 1), minlength=len(edges))
            np.add(counts, found, out=counts)
        self._waiting = []
