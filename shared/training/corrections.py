"""Answers that a person gave by moving pictures into ``_yes`` or ``_no`` of a results folder.

`labels.sqlite` keeps them, and they win over the tag lists. Only what has changed in a folder is a
new answer: what was read there before is none, nor is what a run has put there by itself. What a
person has moved and cannot be used is told and counted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from shared.database.labels import LABELS_FILE, REVIEW, Label, load_labels, note_labels, open_labels
from shared.errors import Fate, RunError
from shared.names import storable, unspelled
from shared.progress import Progress
from shared.results.answers import Shown, load_shown
from shared.results.files import make_folder
from shared.training.answers import AnsweredFolder, LeftOut
from shared.training.tags import TagLists

_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"
Key: TypeAlias = tuple[str, str]
"""Hash of a picture, and a tag."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a person has said in one results folder, and which files and folders say nothing."""

    labels: tuple[Label, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def n_taken_back(self) -> int:
        """How many answers were taken back."""
        return sum(one.has_tag is None for one in self.labels)


@dataclass(frozen=True, slots=True)
class Corrected:
    """Tag lists after what people said; ``denied`` pictures, by tag, are known not to have it."""

    tags: TagLists
    denied: TagLists


def check_corrections(folder: Path) -> None:
    """Refuse what is no folder: `RunError`."""
    if not folder.is_dir():
        raise RunError(str(folder), "is no folder", "Give a results folder to --corrections.")


def load_corrections(
    folder: Path,
    tags: Collection[str],
    known: Iterable[Label],
    started: datetime,
    progress: Progress,
) -> Corrections:
    """Load a label for each picture whose answer in a results folder is new, or was taken back.

    ``known`` are all words of `load_words`. Files that are no pictures, and folders of no known
    tag, are told of and left out; so is a picture that has both answers for one tag. That there is
    no answer at all is told too.

    Raises
    ------
    RunError
        Where the folder is none, or something in it cannot be read.
    """
    check_corrections(folder)
    shown = load_shown(folder)
    before = _Before(folder, known, shown)
    answered = AnsweredFolder(folder, tags, shown.tags)
    found: dict[Key, dict[bool, str]] = defaultdict(dict)
    left_out = []
    for one in answered.iter_answers():
        if isinstance(one, LeftOut):
            left_out.append(one)
        else:
            found[one.hash_id, one.tag].setdefault(one.has_tag, one.source)
    labels, n_gone, trained = [], 0, frozenset(tags)
    for key in dict.fromkeys((*found, *before.keys)):
        word = _word(key, found.get(key, {}), before, answered)
        if isinstance(word, LeftOut):
            left_out.append(word)
        elif word and before.is_news(key, word.has_tag):
            date = started.strftime(_DATE_FORMAT)
            labels.append(Label(*key, word.has_tag, word.source, date, before.place))
        elif not word and key[1] in trained and before.answer(key) is not None:
            n_gone += 1
    for one in left_out:
        progress.say(f"{one.address}: {one.reason}: left out")
    if not found and not left_out and not labels:
        progress.say(f"{storable(str(folder))}: no picture in it lies in a folder _yes or _no")
    if n_gone:
        progress.say(
            f"{storable(str(folder))}: answers kept whose pictures are in it no more: {n_gone}"
        )
    return Corrections(tuple(labels), tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Word:
    """What the place of a picture says now: an answer, or None where it was taken back."""

    has_tag: bool | None
    source: str


class _Before:
    """What was known of a results folder before it is read: what a run put there, what was said."""

    def __init__(self, folder: Path, known: Iterable[Label], shown: Shown) -> None:
        self.place = storable(str(folder.resolve()))
        known = list(known)
        self.said = {(one.hash_id, one.tag): one for one in known if one.folder == self.place}
        self._said_anywhere = {(one.hash_id, one.tag) for one in known}
        self.placed: dict[Key, bool] = {}
        self._names: dict[Key, list[str]] = defaultdict(list)
        for one in shown.answered:
            self.placed[one.hash_id, one.tag] = one.has_tag
            self._names[one.hash_id, one.tag].append(one.image_file)

    @property
    def keys(self) -> Iterator[Key]:
        """All that had an answer here."""
        yield from self.said
        yield from self.placed

    def answer(self, key: Key) -> bool | None:
        """Return the last answer here; None where there is none."""
        return self.said[key].has_tag if key in self.said else self.placed.get(key)

    def is_news(self, key: Key, has_tag: bool | None) -> bool:
        """Tell whether a word is another one than this folder's last, or known from nowhere."""
        return has_tag != self.answer(key) or key not in self._said_anywhere

    def find_taken_back(self, key: Key, answered: AnsweredFolder) -> Path | None:
        """Find the file of a picture that had an answer here, where it lies in a bin now.

        What a run has placed it has placed for all classifiers of the tag, so that any bin will do.
        A person has moved one entry; those of other classifiers have been in bins all along.
        """
        if key in self.placed:
            names, within = self._names[key], None
        elif key in self.said:
            source = Path(unspelled(self.said[key].source))
            names, within = [source.name], source.parent.parent
        else:
            return None
        paths = (answered.find_in_bin(*key, Path(name).name, within) for name in names)
        return next((path for path in paths if path), None)


def _word(
    key: Key, found: Mapping[bool, str], before: _Before, answered: AnsweredFolder
) -> _Word | LeftOut | None:
    """Weigh where a picture lies now: what a run has put there itself counts least."""
    moved = {has_tag: at for has_tag, at in found.items() if has_tag != before.placed.get(key)}
    if len(moved) > 1:
        source = max(moved.values())
        return LeftOut(source, Fate.BAD_ANSWER, f"in both _yes and _no of {key[1]}")
    if not moved and (path := before.find_taken_back(key, answered)):
        return _Word(None, storable(str(path.absolute())))
    for has_tag, source in (moved or found).items():
        return _Word(has_tag, source)
    return None


def kept_labels(output: Path, new: Iterable[Label]) -> list[Label]:
    """Add labels to those that the output folder keeps, and return them all."""
    path = output / LABELS_FILE
    if new := list(new):
        make_folder(output)
        with open_labels(path) as database:
            database.run(note_labels, new)
    return load_labels(path)


def corrected(tags: TagLists, labels: Iterable[Label]) -> Corrected:
    """Let labels win over tag lists.

    A label of a tag that is not listed has no effect, but where it was given in a review: there one
    names new tags.
    """
    lists = {tag: dict.fromkeys(hashes) for tag, hashes in tags.items()}
    denied: TagLists = defaultdict(list)
    for label in labels:
        if label.tag not in lists:
            if label.source != REVIEW:
                continue
            lists[label.tag] = {}
        if label.has_tag:
            lists[label.tag][label.hash_id] = None
        else:
            lists[label.tag].pop(label.hash_id, None)
            denied[label.tag].append(label.hash_id)
    return Corrected({tag: list(hashes) for tag, hashes in lists.items()}, dict(denied))
