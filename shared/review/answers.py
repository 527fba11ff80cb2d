"""What people say of pictures: kept in memory to be asked, and on the disk before it counts.

They are the labels that `train.py --corrections` fills too. Nothing is learnt here.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from os.path import samestat
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

from shared.database.engine import BusyDatabaseError, Connection, Database
from shared.database.labels import (
    LABELS_FILE,
    REVIEW,
    Label,
    Replaced,
    forget_step,
    labels_version,
    leave_out,
    note_step,
    open_labels,
    replaced_in,
    say,
    steps_of,
    take_back,
    wait_at_most,
    words_about,
    words_of,
)
from shared.errors import RunError
from shared.training.tags import NO_TAGS, OTHER_TRAINING, OTHER_VALIDATION, TagLists

Word: TypeAlias = Literal["yes", "no", "skip"]
WORDS: tuple[Word, ...] = ("yes", "no", "skip")
MAX_STEPS = 1000
"""So many can be undone, of an earlier review too."""
BUSY_SECONDS = 30
"""So long another program is waited for, and asked again after each step."""
BUSY_STEP_MS = 200
Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")
_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"


@dataclass(frozen=True, slots=True)
class SaidOfPicture:
    """What counts of a picture and a tag, and by whom: ``dataset``, ``review`` or ``folder``."""

    word: Word
    by: str


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """How many pictures have each answer."""

    yes: int
    no: int
    skipped: int


class Answers:
    """All answers of an output folder. May be asked and told by several threads.

    ``n_unsaved`` are those that wait to be saved, and those that failed once the review was ending.
    """

    def __init__(self, path: Path, database: Database, lists: TagLists, reviewer: int) -> None:
        self._path = path
        self._opened = path.stat()
        self._database = database
        self._lock = threading.RLock()
        self._listed = {tag: frozenset(hashes) for tag, hashes in lists.items()}
        self._all_listed = frozenset().union(*self._listed.values())
        self._latest: dict[str, dict[str, Label]] = {}
        self._reviewer = reviewer
        self._is_ending = False
        self._held: BusyDatabaseError | None = None
        self._counting = threading.Lock()
        self.n_unsaved = 0
        self._version = -1
        database.run(wait_at_most, BUSY_STEP_MS)
        self._steps = self._run(steps_of, reviewer)
        self._refresh()

    @property
    def tags(self) -> list[str]:
        """Tags that the dataset lists, and those that people have answered for."""
        return sorted({*self._listed, *self._latest} - NO_TAGS)

    @property
    def n_steps(self) -> int:
        """How many steps can be undone."""
        return len(self._steps)

    def of(self, tag: str, hash_id: str) -> SaidOfPicture | None:
        """Tell what counts of a picture."""
        label = self._latest.get(tag, {}).get(hash_id)
        if label and (word := _word(label)):
            return SaidOfPicture(word, "review" if label.source == REVIEW else "folder")
        if label and label.has_tag is None:
            return None
        if hash_id in self._listed.get(tag, ()):
            return SaidOfPicture("yes", "dataset")
        # Training takes pictures of other tags for ones without this tag.
        if tag in self._listed and hash_id in self._all_listed:
            return SaidOfPicture("no", "dataset")
        return None

    def said(self, tag: str, word: Word | None = None) -> list[str]:
        """Hashes of the pictures that have an answer, or this one: those that people gave."""
        with self._lock:
            found = self._latest.get(tag, {})
            return [h for h, one in found.items() if _word(one) and word in (None, _word(one))]

    @property
    def all_listed(self) -> frozenset[str]:
        """Hashes of all pictures that the dataset lists."""
        return self._all_listed

    def listed(self, tag: str) -> frozenset[str]:
        """Hashes of the pictures that the dataset lists under a tag."""
        return self._listed.get(tag, frozenset())

    def count_since(self, tag: str, date: str) -> int:
        """Count the pictures that were answered for after a date, as labels spell it."""
        with self._lock:
            return sum(_word(one) is not None and one.date > date for one in self._all(tag))

    def _all(self, tag: str) -> list[Label]:
        return list(self._latest.get(tag, {}).values())

    def counts(self, tag: str) -> AnswerCounts:
        """Count answers, with the dataset's own."""
        with self._lock:
            found = self._latest.get(tag, {})
            words = [_word(one) for one in found.values()]
            n_listed = len(self.listed(tag) - found.keys())
        return AnswerCounts(words.count("yes") + n_listed, words.count("no"), words.count("skip"))

    def to_learn_from(self, tag: str, enough: int) -> tuple[int, int]:
        """Count the pictures with a tag and without it that training would take, up to enough."""
        with self._lock:
            n_yes = sum(1 for _ in islice(self._iter_with(tag), enough))
            others = self.listed(OTHER_TRAINING) or self._iter_with_others(tag)
            denied = (one.hash_id for one in self._all(tag) if one.has_tag is False)
            no: set[str] = set()
            for one in chain(denied, others):
                if len(no) == enough:
                    break
                if self._may_be_no(tag, one):
                    no.add(one)
            return n_yes, len(no)

    def _iter_with(self, tag: str) -> Iterator[str]:
        said = self._latest.get(tag, {})
        yield from (one.hash_id for one in said.values() if one.has_tag)
        yield from (one for one in self.listed(tag) if one not in said or said[one].has_tag is None)

    def _iter_with_others(self, tag: str) -> Iterator[str]:
        return chain.from_iterable(self._iter_with(one) for one in self.tags if one != tag)

    def _may_be_no(self, tag: str, hash_id: str) -> bool:
        label = self._latest.get(tag, {}).get(hash_id)
        is_said = label is not None and label.has_tag is not None
        has_tag = label.has_tag if label and is_said else hash_id in self.listed(tag)
        return not has_tag and hash_id not in self.listed(OTHER_VALIDATION)

    def give(self, tag: str, words: Mapping[str, Word | None]) -> None:
        """Note answers, by the hash of each picture; None takes one back. One step to undo.

        Raises
        ------
        RunError
            Where they cannot be written, or the file is another one by now.
        """
        date = datetime.now().strftime(_DATE_FORMAT)  # noqa: DTZ005 - as results show it
        new = [_label(tag, hash_id, word, date) for hash_id, word in words.items()]
        with self._lock:
            self._check_file()
            self._refresh()
            self._steps = self._noted(new)
            for one in new:
                self._latest.setdefault(tag, {})[one.hash_id] = one

    @contextmanager
    def waited_for(self, n_answers: int) -> Iterator[None]:
        """Count answers as not saved until the block is over."""
        self._count_unsaved(n_answers)
        is_lost = False
        try:
            yield
        except RunError:
            is_lost = self._is_ending
            raise
        finally:
            if not is_lost:
                self._count_unsaved(-n_answers)

    def _count_unsaved(self, n_answers: int) -> None:
        with self._counting:
            self.n_unsaved += n_answers

    def undo(self) -> tuple[str, Sequence[str]] | None:
        """Make the last step undone; return its tag and pictures, None where there is none.

        What another review has said since stays, and does not bring it back when it is undone.

        Raises
        ------
        RunError
            As `give`; the step can be undone later.
        """
        with self._lock:
            if not self._steps:
                return None
            self._check_file()
            self._refresh()
            said = self._run(_undo, self._reviewer, self._steps[-1])
            self._steps.pop()
            tag, hashes = said[0].tag, [one.hash_id for one in said]
            for hash_id in hashes:
                self._latest.get(tag, {}).pop(hash_id, None)
            self._note(self._run(words_about, tag, hashes))
            return tag, hashes

    def refresh(self) -> None:
        """Take in what others have said meanwhile."""
        with self._lock:
            self._refresh()

    def end(self) -> None:
        """Wait no longer for other programs: what cannot be saved now is refused."""
        self._is_ending = True

    def _run(
        self,
        statement: Callable[Concatenate[Connection, Arguments], Found],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Found:
        """Run a function of statements; where another program writes, wait, but not at the end."""
        last = time.monotonic() + BUSY_SECONDS
        while True:
            if self._is_ending and self._held:
                raise self._held
            try:
                found = self._database.run(statement, *args, **kwargs)
            except BusyDatabaseError as error:
                self._held = error
                if time.monotonic() > last:
                    raise
            else:
                self._held = None
                return found

    def _noted(self, new: Sequence[Label]) -> list[int]:
        step = self._steps[-1] + 1 if self._steps else 1
        self._run(_say, self._reviewer, step, new)
        return [*self._steps, step][-MAX_STEPS:]

    def _check_file(self) -> None:
        """Refuse to write where nobody would find it: SQLite does not notice, and says it has."""
        try:
            is_same = samestat(self._path.stat(), self._opened)
        except OSError:
            is_same = False
        if not is_same:
            found = "was removed, or is another file than when this review began"
            raise RunError(str(self._path), found, "Start the review again.")

    def _refresh(self) -> None:
        version = self._run(labels_version)
        if version != self._version:
            self._version = version
            self._load()

    def _load(self) -> None:
        self._latest = {}
        self._note(self._run(words_of))

    def _note(self, words: Iterable[Label]) -> None:
        for one in words:
            self._latest.setdefault(one.tag, {})[one.hash_id] = one


@contextmanager
def opened_answers(output: Path, lists: TagLists, reviewer: int) -> Iterator[Answers]:
    """Open the labels of an output folder; of a reviewer's steps, earlier ones can be undone too.

    Raises
    ------
    RunError
        Where they cannot be read or written, or a newer program made them.
    """
    with ExitStack() as closing:
        path = output / LABELS_FILE
        database = closing.enter_context(open_labels(path))
        yield Answers(path, database, lists, reviewer)


def _say(connection: Connection, reviewer: int, step: int, new: Sequence[Label]) -> None:
    before = _reviewed(connection, new)
    say(connection, new)
    said = [Replaced(one, before.get(one.hash_id)) for one in new]
    note_step(connection, reviewer, step, said, MAX_STEPS)


def _undo(connection: Connection, reviewer: int, step: int) -> list[Label]:
    """Undo a step; return what it said."""
    said = replaced_in(connection, reviewer, step)
    given = [one.given for one in said]
    now = _reviewed(connection, given)
    ours = [one for one in said if now.get(one.given.hash_id) == one.given]
    overruled = [one for one in said if now.get(one.given.hash_id) != one.given]
    take_back(connection, [one.given for one in ours if one.before is None])
    say(connection, [one.before for one in ours if one.before])
    leave_out(connection, overruled)
    forget_step(connection, reviewer, step)
    return given


def _reviewed(connection: Connection, labels: Sequence[Label]) -> dict[str, Label]:
    """Return what reviews say now of a step's pictures, by hash: others may have come between."""
    found = words_about(connection, labels[0].tag, [one.hash_id for one in labels])
    return {one.hash_id: one for one in found if not one.folder}


def _label(tag: str, hash_id: str, word: Word | None, date: str) -> Label:
    has_tag = {"yes": True, "no": False}.get(word or "")
    return Label(hash_id, tag, has_tag, REVIEW, date, is_skipped=word == "skip")


def _word(label: Label) -> Word | None:
    if label.has_tag is None:
        return "skip" if label.is_skipped else None
    return "yes" if label.has_tag else "no"
