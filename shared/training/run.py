"""One run of stage 2: every tag's classifiers trained, judged, and written one after the other."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.estimators import Floats
from shared.evaluation import Evaluation, evaluated
from shared.locking import held_folder
from shared.metadata import Metadata, load_metadata
from shared.outputs import make_folder
from shared.progress import Progress
from shared.training.files import model_names, write_model
from shared.training.fitting import MODEL_TYPES, fitted, tag_scores
from shared.training.reports import report_record, write_report
from shared.training.selection import SEED, Collection, Labelled, Selection, SkippedTag, collected
from shared.training.tags import load_tags

NUMBERS_WORTH_WORKERS = 20_000_000
"""Less to learn from, over all tags, is learnt here sooner than worker processes would start."""


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What the user asked for. ``held_out_share`` of each tag's pictures is not learnt from.

    ``started`` is written into the classifiers, in the user's own time.
    """

    metadata_json: Path
    tag_to_hash_json: Path
    output: Path
    held_out_share: float
    n_workers: int
    started: datetime

    @property
    def models(self) -> Path:
        """Folder of the classifier files."""
        return self.output / "models"

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.output / "reports"


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a run did: tags trained and skipped, and tagged images that had no usable vector."""

    n_trained: int
    n_skipped: int
    n_classifiers: int
    n_images: int
    n_lost: int
    models: Path
    reports: Path

    @property
    def has_problems(self) -> bool:
        """Whether some input could not be used."""
        return self.n_skipped > 0 or self.n_lost > 0


@dataclass(frozen=True, slots=True)
class Job:
    """One classifier to train; ``description`` is what its file and its report tell of it."""

    model_type: str
    selection: Selection
    description: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trained:
    """A classifier file's content, and how it did on held-out pictures if there were any.

    ``content`` is None where the vectors were too large to compute with.
    """

    content: bytes | None
    held_out: Evaluation | None


def train(request: TrainingRequest, progress: Progress) -> TrainingSummary:
    """Train the classifiers of every tag and write them with their reports.

    Raises
    ------
    RunError
        Where an input is unusable, no tag can be trained, or the output cannot be written.
    """
    tags = load_tags(request.tag_to_hash_json)
    metadata = load_metadata(request.metadata_json, request.output)
    collection = collected(tags, metadata, request.tag_to_hash_json)
    for sentence in collection.iter_losses():
        progress.say(sentence)
    selections, skipped = _selections(request, collection, progress)
    make_folder(request.output)
    with held_folder(request.output):
        make_folder(request.models)
        make_folder(request.reports)
        progress.start(sum(_n_positive(one) for one in selections), "training")
        n_classifiers = _train_all(request, metadata, selections, progress)
    return TrainingSummary(
        n_trained=len(selections),
        n_skipped=len(skipped),
        n_classifiers=n_classifiers,
        n_images=int((collection.rows >= 0).sum()),
        n_lost=int((collection.rows < 0).sum()),
        models=request.models,
        reports=request.reports,
    )
