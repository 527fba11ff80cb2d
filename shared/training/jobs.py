"""One tag's classifiers, from vectors to the bytes of their files; runs in worker processes too."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from numpy.typing import NDArray

from shared.records import EmbedderName, Floats
from shared.training.comparing import Comparison, compared
from shared.training.fitting import (
    MODEL_TYPES,
    can_calibrate,
    cross_validated_scores,
    fitted,
    tag_scores,
)
from shared.training.judging import (
    CrossValidation,
    CurvePoint,
    Evaluation,
    cross_validated,
    described,
    evaluated,
    learning_curve,
)
from shared.training.page.report_page import TagReports, tag_page
from shared.training.selection import SEED, Selection

NUMBERS_WORTH_WORKERS = 20_000_000
"""Less to learn from, over all tags, is learnt here sooner than worker processes would start."""
TAGS_WORTH_WORKERS = 20
"""Fewer are drawn here, whose mistakes are decoded, as soon as worker processes would begin."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """What one tag's classifiers are made from, beside the vectors."""

    selection: Selection
    started: datetime
    embedder: EmbedderName | None


@dataclass(frozen=True, slots=True)
class Trained:
    """One classifier: its file's content and, of the file's dictionary, all but the classifier.

    ``held_out`` is None where no picture was held out, ``validation`` where there are too few.
    ``scores`` (n_learnt,) are what the validation is of, empty where there is none.
    """

    content: bytes
    description: dict[str, Any]
    held_out: Evaluation | None
    validation: CrossValidation | None
    scores: Floats = field(compare=False, repr=False)

    @property
    def model_type(self) -> str:
        """What kind of classifier it is, one of `MODEL_TYPES`."""
        return str(self.description["model_type"])


@dataclass(frozen=True, slots=True)
class TrainedTag:
    """A tag's classifiers by model type, and its learning curve, empty with too few pictures."""

    tag: str
    classifiers: dict[str, Trained]
    curve: tuple[CurvePoint, ...]
    comparison: Comparison | None = None


def iter_trained(
    vectors: Vectors, lessons: Iterable[Lesson], n_learnt: int, n_workers: int
) -> Iterator[TrainedTag]:
    """Yield each lesson's classifiers, in the order of the lessons.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_images, n_features)
        What the rows of the lessons are places in.
    lessons : iterable of Lesson
        One per tag, asked for as they are wanted.
    n_learnt : int
        How many pictures there are to learn from, over all lessons.
    n_workers : int
        Worker processes, where there is enough to learn for them.
    """
    if n_workers == 1 or vectors.shape[1] * n_learnt < NUMBERS_WORTH_WORKERS:
        yield from (trained(vectors, lesson) for lesson in lessons)
    else:
        pool = _pool(n_workers)
        yield from pool(joblib.delayed(trained)(vectors, lesson) for lesson in lessons)


def iter_tag_pages(tags: Sequence[TagReports], folder: Path, n_workers: int) -> Iterator[str]:
    """Yield each tag's page for a folder of reports, in the order of the tags."""
    if n_workers == 1 or len(tags) < TAGS_WORTH_WORKERS:
        yield from (tag_page(one, folder) for one in tags)
    else:
        yield from _pool(n_workers)(joblib.delayed(tag_page)(one, folder) for one in tags)


def _pool(n_workers: int) -> Any:  # noqa: ANN401 - joblib has no types
    return joblib.Parallel(n_jobs=n_workers, return_as="generator", pre_dispatch=2 * n_workers)


def trained(vectors: Vectors, lesson: Lesson) -> TrainedTag:
    """Train one tag's classifiers, one of each model type, and find its learning curve."""
    classifiers = {one.model_type: one for one in iter_classifiers(vectors, lesson)}
    curve = curve_of(vectors, lesson)
    return TrainedTag(lesson.selection.tag, classifiers, curve, comparison_of(classifiers, lesson))


def comparison_of(classifiers: Mapping[str, Trained], lesson: Lesson) -> Comparison | None:
    """Compare a tag's classifiers; None where there are too few pictures to judge them."""
    if not all(one.validation for one in classifiers.values()):
        return None
    scores = {kind: one.scores for kind, one in classifiers.items()}
    return compared(scores, lesson.selection.learnt.labels == 0, SEED)


def iter_classifiers(vectors: Vectors, lesson: Lesson) -> Iterator[Trained]:
    """Yield one tag's classifiers, one of each model type, as soon as each is trained.

    The parameters are those of `iter_trained`, with a single lesson. Of 10,000 pictures the first
    takes a few tenths of a second.
    """
    learnt = vectors[lesson.selection.learnt.rows]
    held_out = vectors[lesson.selection.held_out.rows]
    for model_type in MODEL_TYPES:
        yield _trained(model_type, lesson, learnt, held_out)


def curve_of(vectors: Vectors, lesson: Lesson) -> tuple[CurvePoint, ...]:
    """Find one tag's learning curve, the same for all of its classifiers."""
    learnt = lesson.selection.learnt
    if not can_calibrate(learnt.labels, learnt.groups):
        return ()
    return learning_curve(vectors[learnt.rows], learnt.labels, SEED, learnt.groups)


def _trained(model_type: str, lesson: Lesson, learnt: Vectors, held_out: Vectors) -> Trained:
    selection = lesson.selection
    validation = judgement = None
    validated = np.empty(0)
    labels, groups = selection.learnt.labels, selection.learnt.groups
    found = fitted(model_type, learnt, labels, SEED, groups)
    scores = tag_scores(found.estimator, held_out) if len(held_out) else np.empty(0)
    if found.decisions is not None:
        validated = cross_validated_scores(found.decisions, labels, SEED, groups)
        validation = cross_validated(validated, selection.learnt, selection.held_out, scores)
    if len(held_out):
        judgement = evaluated(scores, selection.held_out.labels == 0)
    description = {
        **_description(model_type, lesson, learnt.shape[1]),
        **described(validation),
    }
    content = io.BytesIO()
    joblib.dump({"classifier": found.estimator, **description}, content)
    return Trained(content.getvalue(), description, judgement, validation, validated)


def _description(model_type: str, lesson: Lesson, n_features: int) -> dict[str, Any]:
    """Describe a classifier: its contract keys, and what one may want to know of it later."""
    learnt, embedder = lesson.selection.learnt, lesson.embedder
    return {
        "model_type": model_type,
        "train_start_time": lesson.started,
        "tag": lesson.selection.tag,
        "n_features": n_features,
        "n_positive": learnt.count(0),
        "n_negative": learnt.count(1),
        "n_near_copies": learnt.n_near_copies,
        "seed": SEED,
        "embedder": None if embedder is None else asdict(embedder),
        "scikit_learn_version": sklearn.__version__,
    }
