"""Where pictures go in a results folder: by classifier, then by score or a person's answer."""

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

from shared.classifiers.estimators import Classifier
from shared.database.decisions import InForce
from shared.database.labels import Label
from shared.database.placed import PlacedNovelty, RankedPicture, ScoreOrder
from shared.flow.novelty import told_novelty
from shared.records import ANY_NOVELTY, NOVEL
from shared.results.answers import answer_folder
from shared.results.bins import bin_name
from shared.results.folder import unique_folders
from shared.results.pages.tiles import PictureView
from shared.results.pages.views import href

Answers: TypeAlias = Mapping[str, Mapping[str, bool]]
"""Whether pictures have tags, as people said, by hash and tag."""
Least: TypeAlias = float | str
"""From which score on a picture is shown; or `DECIDED`, only where the tag is decided for it."""


class Hurdle(NamedTuple):
    """What a picture has to reach to be on a shelf: this score of the classifier ``at``.

    It must not be more novel than ``max_novelty`` either.
    """

    at: int
    least: float
    max_novelty: float = ANY_NOVELTY

    def is_cleared(self, scores: Sequence[float], novelty: float) -> bool:
        """Tell whether a picture with these scores, one a classifier, reaches it."""
        return scores[self.at] >= self.least and novelty <= self.max_novelty


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where each classifier's pictures go, relative to the results folder: bins are below that.

    ``hurdles`` are one a shelf, or none where all pictures are on all shelves.
    """

    model_names: list[str]
    tags: list[str]
    folders: list[str]
    n_bins: int
    hurdles: tuple[Hurdle, ...] = ()

    def shown_on(
        self, scores: Sequence[float], answers: Mapping[str, bool], novelty: float | None = None
    ) -> Sequence[int]:
        """Find the shelves that a picture is on.

        ``scores`` has one a classifier; what people answered, by tag, is always shown. Where its
        novelty is not known, a picture is as usual as any.
        """
        if not self.hurdles:
            return range(len(self.tags))
        return [
            at
            for at, (tag, hurdle) in enumerate(zip(self.tags, self.hurdles, strict=True))
            if tag in answers or hurdle.is_cleared(scores, novelty or 0.0)
        ]

    def place(self, at: int, scores: Sequence[float], answers: Mapping[str, bool]) -> str:
        """Name the folder of a picture on one of its shelves; answers take the place of bins."""
        tag = self.tags[at]
        name = answer_folder(answers[tag]) if tag in answers else bin_name(scores[at], self.n_bins)
        return f"{self.folders[at]}{os.sep}{name}"

    def places(
        self, scores: Sequence[float], answers: Mapping[str, bool], novelty: float | None = None
    ) -> list[str]:
        """Return the folder of a picture on each shelf that it is on."""
        return [self.place(at, scores, answers) for at in self.shown_on(scores, answers, novelty)]


def build_shelves(
    classifiers: Sequence[Classifier], n_bins: int, hurdles: Sequence[Hurdle] = ()
) -> Shelves:
    """Lay out the folders ``<model_type>/<tag>/<bin>``, two of which are never the same."""
    names = [classifier.name for classifier in classifiers]
    tags = [classifier.tag for classifier in classifiers]
    folders = unique_folders([(c.model_type, c.tag) for c in classifiers], names)
    return Shelves(names, tags, folders, n_bins, tuple(hurdles))


def hurdles_of(
    team: Mapping[int, Classifier], least: Least | None, thresholds: Sequence[InForce]
) -> list[Hurdle]:
    """Find what a picture has to reach to be on each classifier's shelf.

    Parameters
    ----------
    team : mapping of int to Classifier
        By id in the database, in the order of the shelves.
    least : float or str or None
        That score of the classifier itself; or that the tag is decided for the picture, which the
        better classifier does for all of the tag; None for no hurdles.
    thresholds : sequence of InForce
        What decides.
    """
    if least is None:
        return []
    if not isinstance(least, str):
        return [Hurdle(at, least) for at in range(len(team))]
    places = {classifier_id: at for at, classifier_id in enumerate(team)}
    by_tag = {one.tag: one for one in thresholds}
    deciders = (by_tag[classifier.tag] for classifier in team.values())
    return [
        Hurdle(
            places[one.classifier_id],
            math.inf if one.threshold is None else one.threshold,
            one.max_novelty,
        )
        for one in deciders
    ]


def answers_on(shelves: Shelves, labels: Iterable[Label]) -> Answers:
    """Find the answers that shelves show, by picture and tag."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    tags = frozenset(shelves.tags)
    for one in labels:
        if one.has_tag is not None and one.tag in tags:
            found[one.hash_id][one.tag] = one.has_tag
    return dict(found)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The part of a results folder that one classifier has; ``folder`` is relative to it.

    ``usual`` is the novelty beyond which it is told.
    """

    model_name: str
    tag: str
    folder: str
    order: ScoreOrder
    n_bins: int
    usual: float = NOVEL

    @property
    def model_type(self) -> str:
        """The folder's first part, which is named after it."""
        return self.folder.partition(os.sep)[0]

    def picture(self, one: RankedPicture) -> PictureView:
        """Find a picture's file on the shelf, by its score or by what a person said of it."""
        folder = (
            bin_name(one.score, self.n_bins) if one.has_tag is None else answer_folder(one.has_tag)
        )
        place = f"{folder_href(self.folder + os.sep + folder)}/{href(one.image_file)}"
        novelty = told_novelty(one.novelty, self.usual)
        return PictureView(place, one.file_path, one.score, one.has_tag, novelty=novelty)


def placed_picture(one: PlacedNovelty, tags: tuple[str, ...], usual: float) -> PictureView:
    """Find a picture's file in the folder, to be shown with its tags and not by a score."""
    file = href(one.image_file)
    where = f"{folder_href(one.place)}/{file}" if one.place else file
    novelty = told_novelty(one.novelty, usual)
    return PictureView(where, one.file_path, score=None, tags=tags, novelty=novelty)


@cache
def folder_href(folder: str) -> str:
    """Spell a folder of a results folder, relative to it, as an address."""
    return href(folder.replace(os.sep, "/"))
