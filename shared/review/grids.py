"""Which pictures a grid of one tag shows, and in which order: pages of them, from any place on.

A place is a key, never an offset: a page costs what it shows, however many come before. A picture
that lies in several places is shown once where these follow each other, as equal scores do.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias

from shared.database.ranked import Key, Ranked, TagRanking, bin_counts, ranked_page, scores_of
from shared.database.reviewing import first_places, members_page
from shared.records import ANY_NOVELTY
from shared.review.answers import Answers, Word
from shared.review.gallery import TABLES, Gallery, Letter, PictureId
from shared.review.refusals import bad
from shared.review.requests import Filters, WantedPage, coded
from shared.review.scope import Scope, TagSource, scope_of

N_BINS = 10
MAX_LOOKED_AT = 20_000
"""Of pictures that answers may leave out, so many are looked at for one page."""
MAX_SEARCHED = 200_000
"""Of pictures that a text may leave out."""
_CHUNK, _LARGEST_CHUNK = 100, 1000
"""Rows that are asked for at a time, the first time and later."""
_LETTERS: tuple[Letter, ...] = tuple(TABLES)
_ABOVE_ALL_IDS = 2**62

Place: TypeAlias = tuple[float, int, int]
"""A score, the number of a kind, and a member: by these ranked pictures are ordered."""


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture in a grid; no score where none is known."""

    key: PictureId
    hash_id: str
    score: float | None


@dataclass(frozen=True, slots=True)
class GridPage:
    """Pictures of a grid; ``next`` is where it goes on, None at its end."""

    pictures: Sequence[ShownPicture]
    next: str | None = None
    total: int | None = None


class TagGrid:
    """The pictures of one tag, as a request's filters leave them."""

    def __init__(self, gallery: Gallery, answers: Answers, tag: str, filters: Filters) -> None:
        self._answers = answers
        self._tag = tag
        self._answered = filters.answered
        self.scope = scope_of(gallery, filters)
        self.sources = self.scope.sources(tag)

    @property
    def threshold(self) -> float:
        """Score from which on the tag is decided; a half where nothing tells."""
        told = (one.deciding.threshold for one in self.sources)
        return next((one for one in told if one is not None), 0.5)

    @property
    def max_novelty(self) -> float:
        """Up to which novelty the tag is decided."""
        return min((one.deciding.max_novelty for one in self.sources), default=ANY_NOVELTY)

    def bins(self) -> list[tuple[float, int]]:
        """Lower edge of each bin of scores, and how many pictures are in it; the highest first."""
        if self._answered in ("yes", "no", "skip", "any"):
            counts = _counted(self.answered())
        else:
            counts = self._all_counts()
            if self._answered == "none":
                known = _counted(self.shown_of(self._known()))
                counts = [max(0, n - k) for n, k in zip(counts, known, strict=True)]
        return [(number / N_BINS, counts[number]) for number in reversed(range(N_BINS))]

    def page(self, wanted: WantedPage) -> GridPage:
        """Return a page by score: the highest first, the lowest, or those around the threshold."""
        if self._answered in ("yes", "no", "skip", "any"):
            return listed_page(self._sorted(self.answered(), wanted.order), wanted)
        if self.scope.filters.where == "dataset" or not self.sources:
            return self.by_place(wanted)
        if wanted.order == "around":
            return self._around(wanted)
        is_descending = wanted.order != "lowest"
        after = _place(wanted.after)
        rows = iter_ranked(self.scope, self._tag, self.sources, after, descending=is_descending)
        return self._taken(((place, one) for place, one in rows), wanted.limit, lambda at: at)

    def by_place(self, wanted: WantedPage) -> GridPage:
        """Return a page in the order of the databases, where there is no score to go by."""
        databases = {_LETTERS.index(one.letter): one for one in self.scope.databases}
        number, after = _pair(wanted.after)
        found: list[ShownPicture] = []
        for at in sorted(one for one in databases if one >= number):
            start = after if at == number else 0
            limit = wanted.limit - len(found)
            database = databases[at]
            rows, end = database.run(members_page, self.scope.within, start, limit, MAX_SEARCHED)
            shown = (
                ShownPicture((database.letter, one.member_id), one.hash_id, None) for one in rows
            )
            found += [one for one in shown if self.is_wanted(one.hash_id)]
            if end is not None:
                return GridPage(found, coded([at, end]))
        return GridPage(found)

    def answered(self) -> list[ShownPicture]:
        """Return pictures that have the wanted answer, each in one place, with their scores."""
        wanted: Word | None = None
        if self._answered in ("yes", "no", "skip"):
            wanted = self._answered
        hashes = set(self._answers.said(self._tag, wanted))
        if wanted in (None, "yes"):
            hashes |= self._answers.listed(self._tag) - set(self._answers.said(self._tag))
        return self.shown_of(hashes)

    def places_of(self, hashes: Iterable[str]) -> list[ShownPicture]:
        """Find pictures by the hashes of their pixels, wherever scores let them be."""
        found: dict[str, ShownPicture] = {}
        wanted = sorted(set(hashes))
        for database in self.scope.databases:
            for hash_id, member in database.run(first_places, wanted, self.scope.within).items():
                found.setdefault(hash_id, ShownPicture((database.letter, member), hash_id, None))
        return list(found.values())

    def shown_of(self, hashes: Iterable[str]) -> list[ShownPicture]:
        """Find pictures by the hashes of their pixels, each in one place that is looked at."""
        found: list[ShownPicture] = []
        left = set(hashes)
        sources = {one.database.letter: one for one in self.sources}
        for database in self.scope.databases:
            places = database.run(first_places, sorted(left), self.scope.within)
            source = sources.get(database.letter)
            scores = _scores(source, places.values()) if source else {}
            for hash_id, member in places.items():
                score = scores.get(member)
                if self.scope.allows(score):
                    found.append(ShownPicture((database.letter, member), hash_id, score))
                    left.discard(hash_id)
        return found

    def is_wanted(self, hash_id: str) -> bool:
        """Tell whether answers let a picture through."""
        if self._answered is None:
            return True
        said = self._answers.of(self._tag, hash_id)
        if self._answered in ("any", "none"):
            return (said is not None) == (self._answered == "any")
        return said is not None and said.word == self._answered

    def _known(self) -> set[str]:
        return {*self._answers.said(self._tag), *self._answers.listed(self._tag)}

    def _all_counts(self) -> list[int]:
        key = (self._tag, self.scope.within, self.scope.filters.where)
        return self.scope.gallery.remembered(key, self._counted_anew)

    def _counted_anew(self) -> list[int]:
        edges = [number / N_BINS for number in range(N_BINS)]
        counts = [0] * N_BINS
        for one in self.sources:
            ranking = _ranking(self.scope, self._tag, one)
            found = one.database.run(bin_counts, ranking, edges)
            counts = [total + count for total, count in zip(counts, found, strict=True)]
        return counts

    def _sorted(self, found: list[ShownPicture], order: str) -> list[ShownPicture]:
        scores = {"around": self.threshold, "lowest": 0.0}
        nearest = scores.get(order, 1.0)

        def key(one: ShownPicture) -> tuple[float, PictureId]:
            return (2.0 if one.score is None else abs(one.score - nearest), one.key)

        return sorted(found, key=key)

    def iter_nearest(self, score: float) -> Iterator[ShownPicture]:
        """Yield the pictures whose scores are nearest to one; of equal ones that follow, one."""
        seen = ""
        for place, one in self._iter_nearest(score, *_both_sides(score)):
            if one.hash_id != seen:
                yield ShownPicture((_LETTERS[place[1]], one.member_id), one.hash_id, one.score)
            seen = one.hash_id

    def _iter_nearest(
        self, score: float, above: Place, below: Place
    ) -> Iterator[tuple[Place, Ranked]]:
        up = iter_ranked(self.scope, self._tag, self.sources, above, descending=False)
        down = iter_ranked(self.scope, self._tag, self.sources, below, descending=True)

        def key(row: tuple[Place, Ranked]) -> tuple[float, bool]:
            return abs(row[0][0] - score), row[0][0] < score

        return heapq.merge(up, down, key=key)

    def _around(self, wanted: WantedPage) -> GridPage:
        threshold = self.threshold
        above, below = _places(wanted.after) or _both_sides(threshold)
        rows = self._iter_nearest(threshold, above, below)
        ends = {True: above, False: below}

        def end_of(place: Place) -> Any:  # noqa: ANN401 - any JSON
            ends[place[0] >= threshold] = place
            return [ends[True], ends[False]]

        return self._taken(rows, wanted.limit, end_of)

    def _taken(
        self,
        rows: Iterator[tuple[Place, Ranked]],
        limit: int,
        end_of: Callable[[Place], Any],
    ) -> GridPage:
        """Take a page of those that are wanted; ``end_of`` tells where a place ends it."""
        found: list[ShownPicture] = []
        seen: set[str] = set()
        end, n_rows = None, 0
        for place, one in islice(rows, MAX_LOOKED_AT):
            if len(found) == limit and one.hash_id not in seen:
                return GridPage(self.in_first_places(found), coded(end))
            end = end_of(place)
            n_rows += 1
            if one.hash_id not in seen and self.is_wanted(one.hash_id):
                found.append(
                    ShownPicture((_LETTERS[place[1]], one.member_id), one.hash_id, one.score)
                )
            seen.add(one.hash_id)
        following = coded(end) if n_rows == MAX_LOOKED_AT else None
        return GridPage(self.in_first_places(found), following)

    def in_first_places(self, found: Sequence[ShownPicture]) -> list[ShownPicture]:
        """Show each picture in the first of its places, by which all other orders show it too."""
        firsts: dict[str, PictureId] = {}
        hashes = [one.hash_id for one in found]
        for one in self.sources:
            places = one.database.run(first_places, hashes, self.scope.within)
            for hash_id, member in places.items():
                firsts.setdefault(hash_id, (one.database.letter, member))
        return [replace(one, key=firsts.get(one.hash_id, one.key)) for one in found]


def iter_ranked(
    scope: Scope, tag: str, sources: Sequence[TagSource], after: Place | None, *, descending: bool
) -> Iterator[tuple[Place, Ranked]]:
    """Yield the pictures of all kinds after a place, by score, kind and member."""
    streams = (_iter_of(scope, tag, one, after, descending=descending) for one in sources)
    sign = -1 if descending else 1

    def key(row: tuple[Place, Ranked]) -> tuple[float, int, int]:
        score, number, member = row[0]
        return sign * score, number, sign * member

    return heapq.merge(*streams, key=key)


def _iter_of(
    scope: Scope, tag: str, source: TagSource, after: Place | None, *, descending: bool
) -> Iterator[tuple[Place, Ranked]]:
    number = _LETTERS.index(source.database.letter)
    key = _key(after, number, descending=descending) if after else None
    ranking = _ranking(scope, tag, source)
    limit = _CHUNK
    while True:
        rows = source.database.run(ranked_page, ranking, key, limit, descending=descending)
        for one in rows:
            yield (one.score, number, one.member_id), one
        if len(rows) < limit:
            return
        limit = min(2 * limit, _LARGEST_CHUNK)
        key = (rows[-1].score, rows[-1].member_id)


def _both_sides(score: float) -> tuple[Place, Place]:
    """Where the pictures of this score and more begin, and those of less."""
    return (score, -1, -1), (score, len(_LETTERS), 0)


def _ranking(scope: Scope, tag: str, source: TagSource) -> TagRanking:
    return TagRanking(source.table, tag, source.deciding, scope.within)


def _key(after: Place, number: int, *, descending: bool) -> Key:
    """Where a kind goes on after a place: kinds follow each other among equal scores."""
    score, kind, member = after
    if kind == number:
        return score, member
    is_past = number < kind
    return score, -1 if is_past == descending else _ABOVE_ALL_IDS


def ends_of(wanted: WantedPage, threshold: float) -> list[Place]:
    """Where the page before ended: one place, or two around a threshold; none for the first."""
    if wanted.order == "around":
        return list(_places(wanted.after) or _both_sides(threshold)) if wanted.after else []
    place = _place(wanted.after) if wanted.order != "worth" else None
    return [place] if place else []


def next_ends(wanted: WantedPage, ends: Sequence[Place], last: float, threshold: float) -> Any:  # noqa: ANN401 - any JSON
    """Spell where a page ends whose last picture has this score, as pages of rows do."""
    if wanted.order != "around":
        return [last, len(_LETTERS), 0]
    above, below = ends or _both_sides(threshold)
    passed = abs(last - threshold)
    return [
        (max(above[0], min(1.0, threshold + passed)), len(_LETTERS), 0),
        (min(below[0], max(0.0, threshold - passed)), len(_LETTERS), 0),
    ]


def listed_page(found: Sequence[ShownPicture], wanted: WantedPage) -> GridPage:
    """Return a page of a list that is known whole: few pictures, as people answered for."""
    start = wanted.after or 0
    if not isinstance(start, int) or start < 0:
        raise _no_place()
    end = start + wanted.limit
    return GridPage(found[start:end], coded(end) if end < len(found) else None, len(found))


def _scores(source: TagSource, members: Iterable[int]) -> dict[int, float]:
    return source.database.run(scores_of, source.table, source.deciding, list(members))


def _counted(found: Iterable[ShownPicture]) -> list[int]:
    counts = [0] * N_BINS
    for one in found:
        if one.score is not None:
            counts[min(int(one.score * N_BINS), N_BINS - 1)] += 1
    return counts


def _place(after: Any) -> Place | None:  # noqa: ANN401 - any JSON
    if after is None:
        return None
    match after:
        case [int() | float() as score, int() as number, int() as member]:
            if 0 <= score <= 1 and abs(number) <= len(_LETTERS) and abs(member) <= _ABOVE_ALL_IDS:
                return float(score), number, member
    raise _no_place()


def _places(after: Any) -> tuple[Place, Place] | None:  # noqa: ANN401 - any JSON
    if after is None:
        return None
    match after:
        case [first, second]:
            above, below = _place(first), _place(second)
            if above and below:
                return above, below
    raise _no_place()


def _pair(after: Any) -> tuple[int, int]:  # noqa: ANN401 - any JSON
    if after is None:
        return 0, 0
    match after:
        case [int() as number, int() as member]:
            if number >= 0 and 0 <= member <= _ABOVE_ALL_IDS:
                return number, member
    raise _no_place()


def _no_place() -> Exception:
    return bad("after is no place in this list: ask for the first page.")
