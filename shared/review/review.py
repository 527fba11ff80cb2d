"""One review: all that the routes ask, and the numbers of the tags."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.database.ranked import deciding_classifiers
from shared.database.reviewing import PlacedPicture
from shared.names import printable
from shared.records import Limits
from shared.results.files import make_folder
from shared.results.thumbnails import HIDDEN_FOLDER, ThumbnailFolder
from shared.review.answers import Answers, Word, opened_answers
from shared.review.board import LEARNT_ELSEWHERE, Standings, tag_record
from shared.review.decoders import Decoders, Tile
from shared.review.gallery import Gallery, PictureId, opened_gallery, spelled_id
from shared.review.grids import GridPage, TagGrid
from shared.review.learning import Learner, LearningFiles
from shared.review.likeness import Likeness
from shared.review.pictures import Record
from shared.review.presence import Presence, present
from shared.review.rankings import Rankings
from shared.review.refusals import RefusedRequest, bad, not_found
from shared.review.requests import Filters, WantedPage
from shared.review.tiles import Tiles
from shared.training.tags import NO_TAGS, load_tags


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What the user asked for; ``server`` is the URL of a database that is not in ``output``.

    ``tag_to_hash_json`` is None where stage 1 has left no lists.
    """

    output: Path
    metadata_json: Path
    tag_to_hash_json: Path | None
    limits: Limits
    n_workers: int
    server: str | None = None

    @property
    def hidden(self) -> Path:
        """Folder of what may be deleted at any time."""
        return self.output / HIDDEN_FOLDER


@dataclass(slots=True)
class Review:
    """All that the routes ask. For several threads."""

    request: ReviewRequest
    gallery: Gallery
    answers: Answers
    tiles: Tiles
    likeness: Likeness
    rankings: Rankings
    learner: Learner
    standings: Standings
    presence: Presence
    _tags: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tag_numbers(self) -> dict[str, int]:
        """All tags with their numbers, which stay as they are."""
        names = {tag for one, _ in self.gallery.scored for tag in one.run(deciding_classifiers)}
        with self._lock:
            for name in sorted({*names, *self.answers.tags} - self._tags.keys() - NO_TAGS):
                self._tags[name] = len(self._tags) + 1
            return dict(self._tags)

    def tag_of(self, number: int) -> str:
        """Find a tag by its number; refuse one that is not there."""
        for tag, known in self.tag_numbers().items():
            if known == number:
                return tag
        raise not_found("tag")

    def add_tag(self, name: str) -> Record:
        """Name a tag, which may be there already."""
        if name in NO_TAGS:
            raise bad(f"{name} is the name of pictures without any tag.")
        self.tag_numbers()
        with self._lock:
            number = self._tags.setdefault(name, len(self._tags) + 1)
        return self._tag_record(number, name)

    def board(self) -> Record:
        """Tell what stands of everything."""
        self.answers.refresh()
        numbers, standing = self.tag_numbers(), self.standings.tags
        reports = self.request.output / "reports"
        tags = [
            tag_record(number, tag, standing.get(tag), self.answers, reports)
            for tag, number in sorted(numbers.items())
        ]
        pictures, archives = self.standings.counts
        return {
            "reviewer": {"others": [printable(one) for one in self.presence.others()]},
            "tags": tags,
            "archives": archives,
            "pictures": pictures,
        }

    def grid(self, tag: str, filters: Filters) -> TagGrid:
        """Lay out the pictures of a tag."""
        return TagGrid(self.gallery, self.answers, tag, filters)

    def page(self, tag: str, grid: TagGrid, wanted: WantedPage) -> GridPage:
        """Return a page of a grid in the wanted order."""
        return self.rankings.page(tag, grid, wanted)

    def answer(self, tag: str, words: Mapping[PictureId, Word | None]) -> Record:
        """Note answers by the ids of pictures, and tell how many there are now."""
        placed = self.gallery.placed(list(words))
        if len(placed) < len(words):
            raise not_found("picture")
        for key, picture in placed.items():
            self.gallery.check_shown(key, picture.hash_id)
        self.answers.give(tag, {placed[key].hash_id: word for key, word in words.items()})
        told = self._tag_record(0, tag)
        counts = {name: told[name] for name in ("yes", "no", "skipped", "worth", "lacks")}
        return counts | {"undo": self.answers.n_steps}

    def undo(self) -> Record:
        """Take the last step back, and tell what counts of its pictures now."""
        undone = self.answers.undo()
        if undone is None:
            raise RefusedRequest(409, "There is nothing to undo.")
        tag, hashes = undone
        shown = self.grid(tag, Filters()).shown_of(hashes)
        told = []
        for one in shown:
            said = self.answers.of(tag, one.hash_id)
            told.append({"picture": spelled_id(one.key), "answer": said.word if said else None})
        number = self.tag_numbers().get(tag, 0)
        return {"tag": number, "answers": told, "undo": self.answers.n_steps}

    def learn(self, tag: str) -> int:
        """Begin to learn a tag; the number is to ask for it by."""
        told = self._tag_record(0, tag)
        if told["needs"] == LEARNT_ELSEWHERE:
            remedy = "Start the review with --tag_to_hash_json to learn it anew."
            raise RefusedRequest(409, f"{printable(tag)}: {LEARNT_ELSEWHERE} {remedy}")
        if lacks := told["lacks"]:
            sentence = f"{printable(tag)} needs {lacks} before it can be learnt."
            raise RefusedRequest(409, sentence)
        return self.learner.start(tag)

    def tile(self, spelled: str, size: int) -> tuple[PlacedPicture, Tile | None] | RefusedRequest:
        """Find a picture, and its thumbnail if there is one already; or why there is no picture."""
        try:
            _, picture = self.gallery.find(spelled)
        except RefusedRequest as refused:
            if refused.status != 404:
                raise
            return refused
        return picture, self.tiles.find(picture, size)

    def _tag_record(self, number: int, tag: str) -> Record:
        standing = self.standings.tags.get(tag)
        return tag_record(number, tag, standing, self.answers, self.request.output / "reports")


@contextmanager
def opened_review(request: ReviewRequest) -> Iterator[Review]:
    """Open an output folder for a review.

    Raises
    ------
    RunError
        Where there is nothing to review, or something in it cannot be read.
    """
    with ExitStack() as closing:
        gallery = closing.enter_context(opened_gallery(request.output, request.server))
        lists = load_tags(request.tag_to_hash_json) if request.tag_to_hash_json else {}
        make_folder(request.hidden)
        presence = closing.enter_context(present(request.hidden))
        answers = closing.enter_context(opened_answers(request.output, lists, presence.number))
        decoders = closing.enter_context(Decoders(request.limits, request.n_workers))
        tiles = Tiles(ThumbnailFolder.of(request.output), decoders)
        places = {letter: one.place for letter, one in gallery.databases.items()}
        likeness = Likeness(gallery, request.metadata_json, request.output, request.hidden)
        closing.callback(likeness.end)
        files = LearningFiles(
            request.output,
            request.metadata_json,
            request.tag_to_hash_json,
            places,
            request.hidden,
            request.n_workers,
        )
        standings = Standings(gallery)
        learner = Learner(standings, files)
        rankings = Rankings(gallery, answers, likeness, learner, request.output / "reports")
        closing.callback(learner.end)
        yield Review(
            request, gallery, answers, tiles, likeness, rankings, learner, standings, presence
        )
