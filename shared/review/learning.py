"""A tag learnt anew in a process of its own: classifiers, reports, and all known pictures' rows.

They are what `train.py` and stages 3 and 4 would make. The process holds the output folder as a run
does, so that none of them is under way at the same time.
"""

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from shared.database.engine import DatabasePlace
from shared.database.labels import LABELS_FILE, load_labels
from shared.errors import RunError
from shared.flow.inputs import load_inputs
from shared.flow.rescoring import rescore
from shared.pictures.embedders.clip import ClipOptions
from shared.progress import Silence
from shared.review.apart import Errand, Tell, was_ended
from shared.review.board import Standings, average_precision, load_report
from shared.review.fresh import FreshScores, scored_fresh
from shared.review.gallery import SCORED, Letter
from shared.review.pictures import Record
from shared.review.vectors import map_vectors
from shared.training.jobs import TrainedTag, comparison_of, curve_of, iter_classifiers
from shared.training.output import Output
from shared.training.run import (
    NothingToTrainError,
    Prepared,
    TrainingRequest,
    iter_lessons,
    prepare,
    write_trained,
)

HELD_OUT_SHARE = 0.1
"""That of `train.py`, where nothing else is said."""
_WRITTEN = "written"
State = Literal["training", "scored", "done", "failed"]


@dataclass(frozen=True, slots=True)
class LearningFiles:
    """What is learnt from, and where to. Picklable."""

    output: Path
    metadata_json: Path
    tag_to_hash_json: Path | None
    databases: Mapping[Letter, DatabasePlace]
    hidden: Path
    n_threads: int

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.output / "reports"


@dataclass(slots=True)
class Learning:
    """How far one learning is. ``before`` and ``after`` are its figures; None where none are."""

    tag: str
    state: State = "training"
    error: str | None = None
    before: Record | None = None
    after: Record | None = None
    started: float = field(default_factory=time.monotonic)
    seconds: float | None = None

    def record(self) -> Record:
        """Tell the page."""
        taken = time.monotonic() - self.started if self.seconds is None else self.seconds
        return {
            "state": self.state,
            "seconds": round(taken, 2),
            "error": self.error,
            "before": self.before,
            "after": self.after,
        }


class Learner:
    """Learns one tag at a time. ``n_orders`` counts how often the order of a tag has changed."""

    def __init__(self, standings: Standings, files: LearningFiles) -> None:
        self._standings = standings
        self._files = files
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._known: dict[int, Learning] = {}
        self._errand: Errand[...] | None = None
        self._ready: Errand[[LearningFiles, str]] | None = None
        self._turn = threading.Lock()
        self._is_ending = False
        self.n_orders = 0
        self._fresh: dict[str, FreshScores] = {}

    def fresh(self, tag: str) -> FreshScores | None:
        """Return the scores that a tag has since a moment ago; None where they are rows by now."""
        return self._fresh.get(tag)

    def start(self, tag: str) -> int:
        """Begin to learn a tag; the number is to ask for it by. It waits for the one before."""
        with self._lock:
            number = next(self._numbers)
            learning = self._known[number] = Learning(tag, before=self._figures(tag))
        threading.Thread(target=self._learn, args=(learning,), daemon=True).start()
        return number

    def find(self, number: int) -> Learning | None:
        """Find a learning by its number."""
        return self._known.get(number)

    def stand_by(self) -> None:
        """Have a process ready that needs no time to start."""
        if not self._is_ending:
            self._ready = self._ready or Errand(_learn)

    def end(self) -> None:
        """End what is learnt now: what is written already stays, and the next run completes it."""
        self._is_ending = True
        for errand in (self._errand, self._ready):
            if errand:
                errand.end()

    def _learn(self, learning: Learning) -> None:
        with self._turn:
            try:
                self.stand_by()
                errand, self._ready = self._ready, None
                self._errand = errand
                if errand is None:
                    raise was_ended()
                errand.run(partial(self._hear, learning), self._files, learning.tag)
            except (RunError, OSError) as error:  # the latter where no process can be started
                learning.error, learning.state = str(error), "failed"
            else:
                self._standings.forget()
                learning.after = self._figures(learning.tag)
                learning.state = "done"
            self._fresh.pop(learning.tag, None)
            self.n_orders += 1
            learning.seconds = time.monotonic() - learning.started
            self.stand_by()

    def _hear(self, learning: Learning, told: object) -> None:
        if isinstance(told, FreshScores):
            self._fresh[learning.tag] = told
            self.n_orders += 1
            learning.state = "scored"
        elif told == _WRITTEN:
            learning.after = self._figures(learning.tag)

    def _figures(self, tag: str) -> Record | None:
        standing = self._standings.tags.get(tag)
        if standing is None or standing.model_name is None:
            return None
        report = load_report(self._files.reports, standing.model_name)
        return {"average_precision": average_precision(report), "decided": standing.decided}


def _learn(tell: Tell, files: LearningFiles, tag: str) -> None:
    request = TrainingRequest(
        metadata_json=files.metadata_json,
        tag_to_hash_json=files.tag_to_hash_json,
        output=files.output,
        held_out_share=HELD_OUT_SHARE,
        n_workers=1,
        started=datetime.now(),  # noqa: DTZ005 - results show it in the user's own time
        database=next((one for one in files.databases.values() if isinstance(one, str)), None),
        tags=(tag,),
    )
    output = Output(files.output)
    with output.held():
        prepared = _prepared(request, tag)
        results = _iter_told(tell, files, request, prepared)
        write_trained(request, prepared, results, Silence())
        tell(_WRITTEN)
        inputs = load_inputs(
            files.metadata_json, output.models, files.output, ClipOptions(""), trust_models=False
        )
        labels = load_labels(files.output / LABELS_FILE)
        for letter, place in files.databases.items():
            if letter in SCORED:
                rescore(place, SCORED[letter], inputs, labels, files.n_threads)


def _prepared(request: TrainingRequest, tag: str) -> Prepared:
    try:
        return prepare(request, Silence())
    except NothingToTrainError as error:
        found = f"only {error.why}" if error.why else "nothing to learn from"
        remedy = "Pictures without a vector do not count: say yes and no to more of the others."
        raise RunError(tag, found, remedy) from error


def _iter_told(
    tell: Tell, files: LearningFiles, request: TrainingRequest, prepared: Prepared
) -> Iterator[TrainedTag]:
    """Train, and tell the scores by each classifier that is better than those before."""
    known = map_vectors(files.hidden)
    for lesson in iter_lessons(request, prepared):
        classifiers = {}
        best = -1.0
        for one in iter_classifiers(prepared.vectors, lesson):
            classifiers[one.model_type] = one
            precision = float(one.description.get("average_precision") or 0.0)
            if known and precision > best:
                tell(scored_fresh(one.model_type, one.content, known, files.n_threads))
                best = precision
        curve = curve_of(prepared.vectors, lesson)
        comparison = comparison_of(classifiers, lesson)
        yield TrainedTag(lesson.selection.tag, classifiers, curve, comparison)
