"""Orders that take more than a score: most worth an answer, suspect, unlike, like what is yes.

Each is a list that is made when its first page is asked for, of so many pictures at most, and kept
while its pages are looked at. Vectors are those of `vectors`; where they are not gathered yet,
pictures come by their scores alone.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.database.ranked import mean_scores
from shared.database.reviewing import first_places
from shared.review.answers import Answers
from shared.review.board import load_report
from shared.review.fresh import FreshScores
from shared.review.gallery import Gallery, PictureId
from shared.review.grids import (
    MAX_LOOKED_AT,
    GridPage,
    ShownPicture,
    TagGrid,
    ends_of,
    listed_page,
    next_ends,
)
from shared.review.learning import Learner
from shared.review.likeness import Likeness
from shared.review.requests import Filters, Order, WantedPage, coded
from shared.review.vectors import KnownVectors
from shared.training.suggesting import POOL_PER_SUGGESTION, farthest_first, varied

MOST_UNCERTAIN = 1200
MAX_SAMPLED = 20_000
"""So many pictures, spread over all, are compared with what is labelled."""
MAX_LABELLED = 1000
MAX_UNLIKE = 240
MAX_LIKE = 2000
N_KEPT = 16
ROUND = 60
"""So many that are not all alike come first; the rest follows by doubt."""

Lists: TypeAlias = "OrderedDict[tuple[str, Order, Filters, int], list[ShownPicture]]"
Vectors: TypeAlias = NDArray[np.float32]


class Rankings:
    """Makes and keeps such lists. For several threads."""

    def __init__(
        self,
        gallery: Gallery,
        answers: Answers,
        likeness: Likeness,
        learner: Learner,
        reports: Path,
    ) -> None:
        self._gallery = gallery
        self._answers = answers
        self._likeness = likeness
        self._learner = learner
        self._reports = reports
        self._lists: Lists = OrderedDict()
        self._lock = threading.Lock()

    def page(self, tag: str, grid: TagGrid, wanted: WantedPage) -> GridPage:
        """Return a page of a grid in any order."""
        makers: dict[Order, Callable[[str, TagGrid], list[ShownPicture]]] = {
            "worth": self._worth,
            "suspects": self._suspects,
            "unlike": self._unlike,
        }
        answered = wanted.filters.answered
        fresh, known = self._learner.fresh(tag), self._likeness.known
        if fresh and known and fresh.stamp == known.stamp and wanted.order not in makers:
            return self._fresh_page(grid, wanted, fresh, known)
        if not grid.sources and answered in (None, "none"):
            # A list goes on as it began: the first yes may have come meanwhile, or gone.
            is_by_place = isinstance(wanted.after, list)
            made = [] if is_by_place else self._kept(tag, grid, wanted, self._like_yes)
            is_listed = bool(made) or isinstance(wanted.after, int)
            return listed_page(made, wanted) if is_listed else grid.by_place(wanted)
        if wanted.order not in makers or wanted.filters.where == "dataset":
            return grid.page(wanted)
        return listed_page(self._kept(tag, grid, wanted, makers[wanted.order]), wanted)

    def _kept(
        self,
        tag: str,
        grid: TagGrid,
        wanted: WantedPage,
        make: Callable[[str, TagGrid], list[ShownPicture]],
    ) -> list[ShownPicture]:
        key = (tag, wanted.order, wanted.filters, self._learner.n_orders)
        with self._lock:
            found = self._lists.get(key)
        if found is None or wanted.after is None:
            found = make(tag, grid)
            with self._lock:
                self._lists[key] = found
                self._lists.move_to_end(key)
                while len(self._lists) > N_KEPT:
                    self._lists.popitem(last=False)
        return found

    def _fresh_page(
        self, grid: TagGrid, wanted: WantedPage, fresh: FreshScores, known: KnownVectors
    ) -> GridPage:
        """Return a page by scores whose rows do not stand yet."""
        ends = ends_of(wanted, fresh.threshold)
        order = fresh.order(wanted.order, [end[0] for end in ends])
        found: dict[str, ShownPicture] = {}
        at = 0
        end = min(len(order), MAX_LOOKED_AT)
        while at < end and len(found) < wanted.limit:
            rows = order[at : at + wanted.limit - len(found)]
            at += len(rows)
            shown = self._likeness.shown(known, rows, fresh.scores[rows])
            scores = {one.hash_id: score for one, score in shown if grid.scope.allows(score)}
            there = {one.hash_id: one for one in grid.places_of(scores)}
            for hash_id, score in scores.items():
                if hash_id in there and grid.is_wanted(hash_id):
                    found.setdefault(hash_id, replace(there[hash_id], score=score))
        if at == len(order):
            return GridPage(list(found.values()))
        # Spelled as where rows end: the next page may be one of those.
        last = float(fresh.scores[order[at - 1]])
        return GridPage(list(found.values()), coded(next_ends(wanted, ends, last, fresh.threshold)))

    def _worth(self, tag: str, grid: TagGrid) -> list[ShownPicture]:
        """Choose what `suggest.py` would: uncertain pictures, and not all alike."""
        fresh, known = self._learner.fresh(tag), self._likeness.known
        if fresh and known and fresh.stamp == known.stamp:
            wanted = WantedPage(grid.scope.filters, "worth", None, MOST_UNCERTAIN)
            page = self._fresh_page(grid, wanted, fresh, known).pictures
            pool = [one for one in page if self._is_unknown(tag, one.hash_id)]
            scores = {one.key: one.score or 0 for one in pool}
        else:
            near = (one for one in grid.iter_nearest(0.5) if self._is_unknown(tag, one.hash_id))
            pool = grid.in_first_places(list(islice(near, MOST_UNCERTAIN)))
            pool = list({one.key: one for one in pool}.values())
            scores = self._mean_scores(tag, grid, pool)
        pool.sort(key=lambda one: (abs(scores[one.key] - 0.5), one.key))
        vectors, rows = self._vectors(pool)
        if vectors is None:
            return pool
        pool = [one for one, row in zip(pool, rows, strict=True) if row is not None]
        doubts = np.array([scores[one.key] for one in pool])
        return _by_rounds(pool, vectors.astype(np.float64), doubts)

    def _suspects(self, tag: str, grid: TagGrid) -> list[ShownPicture]:
        """Find labels that the classifier contradicts, the surest contradiction first."""
        found: dict[str, tuple[float, ShownPicture]] = {}
        told = self._told_suspects(grid)
        for one in grid.shown_of([*told, *self._answers.said(tag)]):
            said = self._answers.of(tag, one.hash_id)
            score = told.get(one.hash_id, one.score)
            if said is None or said.word == "skip" or score is None:
                continue
            if (score >= grid.threshold) != (said.word == "yes"):
                gap = abs(score - (said.word == "yes"))
                found.setdefault(one.hash_id, (gap, replace(one, score=score)))
        return [one for _, one in sorted(found.values(), key=lambda it: (-it[0], it[1].key))]

    def _told_suspects(self, grid: TagGrid) -> dict[str, float]:
        """Scores of the suspects of a report, each by a classifier that has not learnt from it."""
        found: dict[str, float] = {}
        for source in grid.sources:
            report = load_report(self._reports, source.deciding.model_name) or {}
            for one in report.get("suspected_label_errors") or ():
                match one:
                    case {"hash_id": str() as hash_id, "score": int() | float() as score}:
                        found[hash_id] = float(score)
        return found

    def _unlike(self, tag: str, grid: TagGrid) -> list[ShownPicture]:
        """Find pictures that are unlike all that is labelled, and unlike each other."""
        known = self._likeness.known
        labelled = self._labelled(tag)
        if known is None or labelled is None or not len(known.numbers):
            return list(islice(grid.iter_nearest(0.0), MAX_UNLIKE))
        step = -(-len(known.numbers) // MAX_SAMPLED)
        rows = np.arange(0, len(known.numbers), step)
        near = (known.vectors[rows] @ labelled.T).max(axis=1)
        least = np.argsort(near, kind="stable")[:MOST_UNCERTAIN]
        order = farthest_first(known.vectors[rows[least]], near[least], MAX_UNLIKE)
        chosen = least[order]
        shown = [one for one, _ in self._likeness.shown(known, rows[chosen], near[chosen])]
        return self._wanted(tag, grid, shown)

    def _like_yes(self, tag: str, grid: TagGrid) -> list[ShownPicture]:
        """Find what is like the pictures of a tag without a classifier, the nearest first."""
        vectors, _ = self._vectors(self._places(self._answers.said(tag, "yes")))
        if vectors is None or not len(vectors):
            return []
        middle = vectors.mean(axis=0)
        others, _ = self._vectors(self._places(self._answers.said(tag, "no")))
        if others is not None and len(others):
            middle = middle - others.mean(axis=0) / 2
        found = self._likeness.nearest(middle, MAX_LIKE)
        return self._wanted(tag, grid, [one for one, _ in found])

    def _wanted(self, tag: str, grid: TagGrid, shown: Sequence[ShownPicture]) -> list[ShownPicture]:
        """Leave out what is labelled or not looked at, and give the others their scores."""
        unknown = [one.hash_id for one in shown if self._is_unknown(tag, one.hash_id)]
        found = {one.hash_id: one for one in grid.shown_of(unknown)}
        return [found[name] for name in unknown if name in found and grid.is_wanted(name)]

    def _is_unknown(self, tag: str, hash_id: str) -> bool:
        return self._answers.of(tag, hash_id) is None

    def _mean_scores(
        self, tag: str, grid: TagGrid, pool: Sequence[ShownPicture]
    ) -> dict[PictureId, float]:
        found: dict[PictureId, float] = {}
        for source in grid.sources:
            letter = source.database.letter
            members = [one.key[1] for one in pool if one.key[0] == letter]
            means = source.database.run(mean_scores, source.table, tag, members)
            found |= {(letter, member): score for member, score in means.items()}
        return {one.key: found.get(one.key, one.score or 0) for one in pool}

    def _labelled(self, tag: str) -> Vectors | None:
        hashes = sorted({*self._answers.said(tag), *self._answers.all_listed})
        step = -(-len(hashes) // MAX_LABELLED) or 1
        vectors, _ = self._vectors(self._places(hashes[::step]))
        return vectors if vectors is not None and len(vectors) else None

    def _places(self, hashes: Iterable[str]) -> list[ShownPicture]:
        found: dict[str, ShownPicture] = {}
        wanted = list(hashes)
        for letter, database in self._gallery.databases.items():
            for hash_id, member in database.run(first_places, wanted).items():
                found.setdefault(hash_id, ShownPicture((letter, member), hash_id, None))
        return list(found.values())

    def _vectors(self, shown: Sequence[ShownPicture]) -> tuple[Vectors | None, list[int | None]]:
        """Read the vectors of some pictures, and tell which have none."""
        known = self._likeness.known
        if known is None:
            return None, []
        placed = self._gallery.placed([one.key for one in shown])
        rows = [
            known.row_of(one.key[0], placed[one.key].picture_id) if one.key in placed else None
            for one in shown
        ]
        return known.vectors[[row for row in rows if row is not None]], rows


def _by_rounds(
    pool: Sequence[ShownPicture], vectors: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[ShownPicture]:
    """Order a pool, round by round of so many that are not all alike, each from the next part."""
    found: list[ShownPicture] = []
    size = POOL_PER_SUGGESTION * ROUND
    for start in range(0, len(pool), size):
        part = slice(start, start + size)
        chosen = varied(vectors[part], scores[part], ROUND).tolist()
        rest = [at for at in range(len(scores[part])) if at not in set(chosen)]
        found += [pool[start + at] for at in (*chosen, *rest)]
    return found
