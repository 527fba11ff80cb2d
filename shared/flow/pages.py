"""Scores and decisions -> pages in a results folder, on which a person looks at them.

The pictures are those that lie in the folder. Like the lists they are made anew in a folder that
stands; memory holds one page at a time, and of each tag what the first one shows.
"""

import itertools
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from shared.batching import iter_batches
from shared.database.decisions import (
    InForce,
    TagEstimate,
    decided_counts,
    estimates_told,
    thresholds_in_force,
)
from shared.database.engine import Connection, Database
from shared.database.placed import (
    ScoreOrder,
    classifiers_by_name,
    count_novel,
    forget_placed,
    most_novel,
    note_placed,
    placed_tags,
)
from shared.database.scores import ScoreTable
from shared.database.tables import ZipScoreCache
from shared.flow.archive_pages import write_archives
from shared.flow.estimating import is_less_than_promised, percent, precision_words
from shared.flow.lists import listed_archives
from shared.flow.shelves import Answers, Shelf, Shelves, placed_picture
from shared.flow.stretches import ScoreStretch, counts_by_bin, score_edges, score_stretches
from shared.flow.tallies import Tally
from shared.names import base_name
from shared.records import ANY_NOVELTY, NOVEL
from shared.results.bins import bin_names
from shared.results.folder import iter_images
from shared.results.pages.folder import PagesFolder
from shared.results.pages.histogram import Histogram, histogram
from shared.results.pages.tiles import PictureView
from shared.results.pages.views import (
    Group,
    OtherPages,
    TagCard,
    Turning,
    around_page,
    index_page,
    tag_page,
    unlike_page,
)

N_PICTURES = 200
"""Pictures of a page."""
N_BEST = 12
UNLIKE = "unlike.html"
_CHOSEN_BY = {"number": "as given", "default": "as its file tells none"}
Decisions: TypeAlias = Mapping[str, InForce]


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag in its place among the others, with its shelves, the deciding classifier's first.

    ``counts`` are, for each shelf, how many pictures lie up to each of the `score_edges`.
    """

    number: int
    shelves: Sequence[Shelf]
    counts: Sequence[Sequence[int]]
    decision: InForce | None
    n_decided: int
    estimate: TagEstimate | None


@dataclass(frozen=True, slots=True)
class ShelvedScores:
    """What the pages show: scores of a table, on shelves, with what people answered."""

    table: ScoreTable
    shelves: Shelves
    answers: Answers


def write_pages(
    database: Database, shown: ShelvedScores, folder: Path, home: str, *, new: bool
) -> None:
    """Write `index.html` and what it leads to, and `archives.csv`; older ones are replaced.

    Parameters
    ----------
    folder : Path
        The results folder, complete but for its pages.
    home : str
        Address of the directory that it shows.
    new : bool
        Whether the folder is still in the making, and the disk waited for when it is finished.

    Raises
    ------
    RunError
        Where the folder cannot be read or written.
    """
    with PagesFolder(folder, durable=not new) as pages:
        cards, others = database.run(_write, shown, folder, pages, home=home)
        pages.finish(index_page(f"Tags in {base_name(home)}", cards, pages.name, others))


def _write(
    connection: Connection, shown: ShelvedScores, folder: Path, pages: PagesFolder, *, home: str
) -> tuple[list[TagCard], OtherPages]:
    """Write all pages but the first: what that shows, and what it leads to beside."""
    decisions = {one.tag: one for one in thresholds_in_force(connection)}
    shelves = shown.shelves
    tally = Tally(
        {
            name: score_edges(
                shelves.n_bins, decisions[tag].threshold if tag in decisions else None
            )
            for name, tag in zip(shelves.model_names, shelves.tags, strict=True)
        }
    )
    note_placed(connection, _iter_places(shown, folder, tally))
    decided = dict(decided_counts(connection))
    estimates = {one.tag: one for one in estimates_told(connection)}
    by_tag = _by_tag(connection, shown.table, shelves, decisions)
    ranked = sorted(by_tag, key=lambda tag: (-decided.get(tag, 0), tag))
    cards = [
        _write_tag(
            connection,
            pages,
            ShownTag(
                number,
                by_tag[tag],
                [tally.counts(one.model_name) for one in by_tag[tag]],
                decisions.get(tag),
                decided.get(tag, 0),
                estimates.get(tag),
            ),
        )
        for number, tag in enumerate(ranked, 1)
    ]
    usual = _usual(decisions.values())
    unlike, n_unlike = _write_unlike(connection, pages, usual)
    archives = ""
    if shown.table is ZipScoreCache:
        with listed_archives(connection, folder) as tags:
            archives = write_archives(connection, pages, home, tags, usual)
    forget_placed(connection)
    return cards, OtherPages(archives, unlike, n_unlike)


def _write_unlike(connection: Connection, pages: PagesFolder, usual: float) -> tuple[str, int]:
    """Write the page of the most novel pictures; return its name and how many there are."""
    n_unlike = count_novel(connection, usual)
    if not n_unlike:
        return "", 0
    found = most_novel(connection, usual, N_PICTURES)
    tags = placed_tags(connection, [one.file_path for one in found])
    pictures = [placed_picture(one, tags.get(one.file_path, ()), usual) for one in found]
    pages.write(UNLIKE, unlike_page(pictures, usual, n_unlike))
    return UNLIKE, n_unlike


def _iter_places(
    shown: ShelvedScores, folder: Path, tally: Tally
) -> Iterator[tuple[str, str, str]]:
    """Yield the pictures that lie in the folder, and count them: address, one place, name."""
    shelves = shown.shelves
    for one in iter_images(folder):
        if one["image_file"]:
            scores = [one["scores"].get(name, 0.0) for name in shelves.model_names]
            answers = shown.answers.get(one["hash_id"], {})
            shown_on = shelves.shown_on(scores, answers, one.get("novelty"))
            tally.add(scores, shown_on)
            place = shelves.place(shown_on[0], scores, answers) if shown_on else ""
            yield one["file_path"], place, one["image_file"]


def _by_tag(
    connection: Connection, table: ScoreTable, shelves: Shelves, decisions: Decisions
) -> dict[str, list[Shelf]]:
    """Find each tag's shelves, that of the classifier which decides it first."""
    ids = classifiers_by_name(connection, shelves.model_names)
    found: dict[str, list[Shelf]] = defaultdict(list)
    laid_out = zip(shelves.model_names, shelves.tags, shelves.folders, strict=True)
    for at, (name, tag, folder) in enumerate(laid_out):
        if name in ids:
            order = ScoreOrder(table, tag, ids[name], _hurdle(shelves, ids, at))
            usual = _usual([decisions[tag]] if tag in decisions else [])
            found[tag].append(Shelf(name, tag, folder, order, shelves.n_bins, usual))
    for tag, some in found.items():
        decider = decisions[tag].classifier_id if tag in decisions else None
        some.sort(key=lambda one: (one.order.classifier_id != decider, one.folder))
    return dict(found)


def _usual(decisions: Iterable[InForce]) -> float:
    """Tell beyond which novelty it is told: also where nothing is decided for it."""
    return min((NOVEL, *(one.max_novelty for one in decisions)))


def _hurdle(shelves: Shelves, ids: Mapping[str, int], at: int) -> tuple[int, float, float] | None:
    if not shelves.hurdles:
        return None
    hurdle = shelves.hurdles[at]
    return ids[shelves.model_names[hurdle.at]], hurdle.least, hurdle.max_novelty


def _write_tag(connection: Connection, pages: PagesFolder, shown: ShownTag) -> TagCard:
    shelf, *others = shown.shelves
    threshold = shown.decision.threshold if shown.decision else None
    pattern = f"tag{shown.number}-{{}}.html"
    stretches, *of_others = [
        score_stretches(one.n_bins, threshold, counts)
        for one, counts in zip(shown.shelves, shown.counts, strict=True)
    ]
    counts = [counts_by_bin(some, shelf.n_bins) for some in (stretches, *of_others)]
    places = _places(stretches, shelf.n_bins, pattern)
    captions = [f"{shelf.model_type}, which decides", *(one.model_type for one in others)]
    card = TagCard(
        shelf.tag,
        shown.n_decided,
        sum(counts[0]),
        _decided_by(shelf, shown.decision),
        _trust(shown.estimate),
        [
            _histogram(caption, found, threshold if not at else None, places if not at else None)
            for at, (caption, found) in enumerate(zip(captions, counts, strict=True))
        ],
        [shelf.picture(one) for one in shelf.order.iter_best(connection, N_BEST)],
        pattern.format(1),
        "" if threshold is None else f"tag{shown.number}-around.html",
    )
    if threshold is not None:
        sides = _sides(connection, shelf, threshold)
        pages.write(card.around, around_page(card, sides))
    n_pages = max(1, math.ceil(sum(one.n_shown for one in stretches) / N_PICTURES))
    pictures = iter_batches(_iter_pictures(connection, shelf, stretches), N_PICTURES)
    for at, some in enumerate(itertools.chain(pictures, [[]] if not card.n_pictures else []), 1):
        groups = list(_iter_groups(shelf, some, threshold))
        pages.write(
            pattern.format(at), tag_page(card, groups, Turning(at, at < n_pages, pattern, n_pages))
        )
    return card


def _iter_pictures(
    connection: Connection, shelf: Shelf, stretches: Sequence[ScoreStretch]
) -> Iterator[tuple[ScoreStretch, PictureView]]:
    for one in stretches:
        for picture in shelf.order.iter_within(connection, one.low, one.high, one.n_shown):
            yield one, shelf.picture(picture)


def _places(stretches: Sequence[ScoreStretch], n_bins: int, pattern: str) -> list[str]:
    """Address of the first picture of each bin, lowest bin first; empty where there is none."""
    places = dict.fromkeys(bin_names(n_bins), "")
    ahead = itertools.accumulate((one.n_shown for one in stretches), initial=0)
    for one, before in zip(stretches, ahead, strict=False):
        page = pattern.format(before // N_PICTURES + 1)
        places[one.bin_name] = places[one.bin_name] or f"{page}#{one.anchor}"
    return list(places.values())


def _histogram(
    caption: str, counts: Sequence[int], threshold: float | None, places: Sequence[str] | None
) -> Histogram:
    names = [_range(name, len(counts)) for name in bin_names(len(counts))]
    return histogram(caption, names, counts, threshold, places or [""] * len(counts))


def _trust(told: TagEstimate | None) -> str:
    if told is None or told.precision is None:
        return ""
    words = f"by the scores about {precision_words(told)} of these have the tag"
    if not is_less_than_promised(told):
        return words
    promised = percent(told.trained_precision)
    return f"{words}, and {promised} did among the images it was learnt from"


def _decided_by(shelf: Shelf, decision: InForce | None) -> str:
    if decision is None:
        return f"{shelf.model_type}, no threshold is in force"
    if decision.threshold is None:
        return f"no score of {shelf.model_type} reaches {decision.chosen_by}"
    how = _CHOSEN_BY.get(decision.chosen_by, decision.chosen_by)
    limit = decision.max_novelty
    up_to = "" if limit == ANY_NOVELTY else f", up to a novelty of {limit:g}"
    return f"{shelf.model_type} from {decision.threshold:.3f} on ({how}){up_to}"


def _iter_groups(
    shelf: Shelf, shown: Sequence[tuple[ScoreStretch, PictureView]], threshold: float | None
) -> Iterator[Group]:
    """Yield the pictures of each bin, those of the threshold's own bin on either side of it."""
    for stretch, some in itertools.groupby(shown, itemgetter(0)):
        title, note = _range(stretch.bin_name, shelf.n_bins), ""
        if threshold is not None and not stretch.is_decided:
            title += f", below the threshold of {threshold:.3f}"
        if stretch.n_shown < stretch.n_pictures:
            where = f"{shelf.folder.replace(os.sep, '/')}/{stretch.bin_name}"
            note = (
                f"The best {stretch.n_shown:,} of {stretch.n_pictures:,};"
                f" all are in the folder {where}."
            )
        yield Group(stretch.anchor, title, [picture for _, picture in some], note)


def _range(name: str, n_bins: int) -> str:
    names = bin_names(n_bins)
    at = names.index(name)
    return f"{names[at - 1] if at else '0'} to {name}"


def _sides(connection: Connection, shelf: Shelf, threshold: float) -> list[Group]:
    half = N_PICTURES // 2
    titles = {False: f"Below {threshold:.3f}", True: f"From {threshold:.3f} on"}
    return [
        Group(
            "",
            title,
            [
                shelf.picture(one)
                for one in shelf.order.iter_next_to(connection, threshold, half, above=above)
            ],
        )
        for above, title in titles.items()
    ]
