"""Scores and decisions -> pages in a results folder, on which a person looks at them.

The pictures are those that lie in the folder. Like the lists they are made anew in a folder that
stands; memory holds one page at a time, and of each tag what the first one shows.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from shared.batching import iter_batches
from shared.database.decisions import InForce, decided_counts, thresholds_in_force
from shared.database.engine import Connection, Database
from shared.database.placed import (
    RankedPicture,
    ScoreOrder,
    classifiers_by_name,
    forget_placed,
    note_placed,
)
from shared.database.scores import ScoreTable
from shared.database.tables import ZipScoreCache
from shared.flow.archive_pages import write_archives
from shared.flow.lists import listed_archives
from shared.flow.shelves import Answers, Shelf, Shelves
from shared.names import base_name
from shared.results.bins import bin_name, bin_names, upper_edges
from shared.results.folder import iter_images
from shared.results.pages.folder import PagesFolder
from shared.results.pages.histogram import Histogram, histogram
from shared.results.pages.views import (
    Group,
    TagCard,
    Turning,
    around_page,
    index_page,
    tag_page,
)

N_PICTURES = 200
"""Pictures of a page."""
N_BEST = 12
_CHOSEN_BY = {"number": "as given", "default": "as its file tells none"}
Decisions: TypeAlias = Mapping[str, InForce]


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag in its place among the others, with its shelves, the deciding classifier's first."""

    number: int
    shelves: Sequence[Shelf]
    decision: InForce | None
    n_decided: int


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
        cards, archives = database.run(_write, shown, folder, pages, home=home)
        pages.finish(index_page(f"Tags in {base_name(home)}", cards, pages.name, archives))


def _write(
    connection: Connection, shown: ShelvedScores, folder: Path, pages: PagesFolder, *, home: str
) -> tuple[list[TagCard], str]:
    """Write all pages but the first: what that shows, and the first one of archives, if any."""
    note_placed(connection, _iter_places(shown, folder))
    decisions = {one.tag: one for one in thresholds_in_force(connection)}
    decided = dict(decided_counts(connection))
    by_tag = _by_tag(connection, shown.table, shown.shelves, decisions)
    ranked = sorted(by_tag, key=lambda tag: (-decided.get(tag, 0), tag))
    cards = [
        _write_tag(
            connection,
            pages,
            ShownTag(number, by_tag[tag], decisions.get(tag), decided.get(tag, 0)),
        )
        for number, tag in enumerate(ranked, 1)
    ]
    archives = ""
    if shown.table is ZipScoreCache:
        with listed_archives(connection, folder) as tags:
            archives = write_archives(connection, pages, home, tags)
    forget_placed(connection)
    return cards, archives


def _iter_places(shown: ShelvedScores, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the pictures that lie in the folder: address, one of its places, name."""
    names = shown.shelves.model_names
    for one in iter_images(folder):
        if one["image_file"]:
            scores = [one["scores"].get(name, 0.0) for name in names]
            places = shown.shelves.places(scores, shown.answers.get(one["hash_id"], {}))
            yield one["file_path"], places[0] if places else "", one["image_file"]


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
            found[tag].append(Shelf(tag, folder, order, shelves.n_bins))
    for tag, some in found.items():
        decider = decisions[tag].classifier_id if tag in decisions else None
        some.sort(key=lambda one: (one.order.classifier_id != decider, one.folder))
    return dict(found)


def _hurdle(shelves: Shelves, ids: Mapping[str, int], at: int) -> tuple[int, float] | None:
    if not shelves.hurdles:
        return None
    hurdle = shelves.hurdles[at]
    return ids[shelves.model_names[hurdle.at]], hurdle.least


def _write_tag(connection: Connection, pages: PagesFolder, shown: ShownTag) -> TagCard:
    shelf, *others = shown.shelves
    threshold = shown.decision.threshold if shown.decision else None
    pattern = f"tag{shown.number}-{{}}.html"
    counts = [one.order.counts(connection, upper_edges(shelf.n_bins)) for one in shown.shelves]
    places = _places(counts[0], pattern)
    captions = [f"{shelf.model_type}, which decides", *(one.model_type for one in others)]
    card = TagCard(
        shelf.tag,
        shown.n_decided,
        sum(counts[0]),
        _decided_by(shelf, shown.decision),
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
    n_pages = _n_pages(card.n_pictures)
    best = iter_batches(shelf.order.iter_best(connection), N_PICTURES)
    for at, some in enumerate(itertools.chain(best, [[]] if not card.n_pictures else []), 1):
        groups = list(_iter_groups(shelf, some, threshold))
        pages.write(
            pattern.format(at), tag_page(card, groups, Turning(at, at < n_pages, pattern, n_pages))
        )
    return card


def _n_pages(n_pictures: int) -> int:
    return max(1, math.ceil(n_pictures / N_PICTURES))


def _places(counts: Sequence[int], pattern: str) -> list[str]:
    """Address of the first picture of each bin, lowest bin first."""
    names = bin_names(len(counts))
    ahead = itertools.accumulate(reversed(counts), initial=0)
    pages = [before // N_PICTURES + 1 for before in ahead][: len(counts)]
    return [
        f"{pattern.format(page)}#bin-{name}"
        for page, name in zip(reversed(pages), names, strict=True)
    ]


def _histogram(
    caption: str, counts: Sequence[int], threshold: float | None, places: Sequence[str] | None
) -> Histogram:
    names = [_range(name, len(counts)) for name in bin_names(len(counts))]
    return histogram(caption, names, counts, threshold, places or [""] * len(counts))


def _decided_by(shelf: Shelf, decision: InForce | None) -> str:
    if decision is None:
        return f"{shelf.model_type}, no threshold is in force"
    if decision.threshold is None:
        return f"no score of {shelf.model_type} reaches {decision.chosen_by}"
    how = _CHOSEN_BY.get(decision.chosen_by, decision.chosen_by)
    return f"{shelf.model_type} from {decision.threshold:.3f} on ({how})"


def _iter_groups(
    shelf: Shelf, pictures: Sequence[RankedPicture], threshold: float | None
) -> Iterator[Group]:
    """Yield the pictures of each bin, those of the threshold's own bin on either side of it."""

    def heading(one: RankedPicture) -> tuple[str, bool]:
        return bin_name(one.score, shelf.n_bins), threshold is None or one.score >= threshold

    seen = ""
    for (name, is_above), some in itertools.groupby(pictures, heading):
        title = _range(name, shelf.n_bins)
        if threshold is not None and not is_above:
            title += f", below the threshold of {threshold:.3f}"
        anchor = f"bin-{name}" + ("-below" if name == seen else "")
        yield Group(anchor, title, [shelf.picture(one) for one in some])
        seen = name


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
