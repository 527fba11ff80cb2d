"""What cross-validation tells of one classifier: its quality, thresholds, and doubtful labels."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.estimators import Floats
from shared.evaluation import THRESHOLD, Evaluation, evaluated
from shared.training.fitting import MIN_TO_CALIBRATE, can_calibrate, cross_validated_scores
from shared.training.selection import SEED, Labelled
from shared.training.thresholds import TARGETS, Threshold, thresholds

MAX_SUSPECTS = 50


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture whose label its score speaks against; ``row`` is its place in the vectors."""

    row: int
    has_tag: bool
    score: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A classifier judged on the pictures that it learns from, each by the folds without it."""

    evaluation: Evaluation
    thresholds: dict[str, Threshold | None]
    suspects: tuple[Suspect, ...]


def cross_validated(model_type: str, vectors: Floats, learnt: Labelled) -> CrossValidation | None:
    """Judge a type of classifier on vectors (n_images, n_features); None where they are too few."""
    if not can_calibrate(learnt.labels):
        return None
    scores = cross_validated_scores(model_type, vectors, learnt.labels, SEED)
    has_tag = learnt.labels == 0
    return CrossValidation(
        evaluation=evaluated(scores, has_tag),
        thresholds=thresholds(scores, has_tag, SEED),
        suspects=_suspects(scores, has_tag, learnt.rows),
    )


def described(judged: CrossValidation | None) -> dict[str, Any]:
    """Describe a judgement in plain values, for the classifier's file."""
    if judged is None:
        calibration = f"fewer than {MIN_TO_CALIBRATE} images of one side: not to be relied on"
    else:
        calibration = "cross-validated"
    found = judged.thresholds if judged else {}
    return {
        "calibration": calibration,
        "average_precision": judged.evaluation.average_precision if judged else None,
        "calibration_error": judged.evaluation.calibration_error if judged else None,
        "thresholds": {name: _plain(found.get(name)) for name in TARGETS},
    }


def _plain(threshold: Threshold | None) -> dict[str, Any] | None:
    return None if threshold is None else asdict(threshold)


def _suspects(
    scores: Floats, has_tag: NDArray[np.bool_], rows: NDArray[np.int64]
) -> tuple[Suspect, ...]:
    contrary = np.flatnonzero((scores >= THRESHOLD) != has_tag)
    ranked = contrary[np.argsort(-np.abs(scores[contrary] - THRESHOLD), kind="stable")]
    return tuple(
        Suspect(int(rows[at]), bool(has_tag[at]), float(scores[at])) for at in ranked[:MAX_SUSPECTS]
    )
