"""What cross-validation tells of one classifier: its quality, thresholds, and doubtful labels."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.estimators import Floats
from shared.evaluation import THRESHOLD, Evaluation, evaluated
from shared.training.fitting import MIN_TO_CALIBRATE, cross_validated_scores
from shared.training.selection import SEED, Labelled
from shared.training.thresholds import TARGETS, Threshold, thresholds

MAX_MISTAKES = 8
MAX_SUSPECTS = 50


@dataclass(frozen=True, slots=True)
class Mistake:
    """A picture whose label its score speaks against; ``row`` is its place in the vectors."""

    row: int
    has_tag: bool
    score: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A classifier judged on the pictures that it learns from, each by the folds without it.

    ``mistakes`` are its most confident ones; those of them all that are more likely to be wrong
    labels are ``suspects``. Both begin with the surest.
    """

    evaluation: Evaluation
    thresholds: dict[str, Threshold | None]
    mistakes: tuple[Mistake, ...]
    suspects: tuple[Mistake, ...]


def cross_validated(decisions: Floats, learnt: Labelled) -> CrossValidation:
    """Judge a classifier by its `put_aside_decisions` (n_images,); `can_calibrate` must hold."""
    scores = cross_validated_scores(decisions, learnt.labels, SEED)
    has_tag = learnt.labels == 0
    contrary = (scores >= THRESHOLD) != has_tag
    suspected = contrary & suspicious(scores, has_tag)
    return CrossValidation(
        evaluation=evaluated(scores, has_tag),
        thresholds=thresholds(scores, has_tag, SEED),
        mistakes=_surest(scores, learnt, contrary, MAX_MISTAKES),
        suspects=_surest(scores, learnt, suspected, MAX_SUSPECTS),
    )


def suspicious(scores: Floats, has_tag: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which labels are doubtful: the score is that of an average picture of the other side.

    The thresholds of confident learning (C. Northcutt, L. Jiang, I. Chuang, "Confident learning:
    estimating uncertainty in dataset labels", 2021), for two classes. Scores that do not find an
    average picture of the tag say nothing against those that they do not find either.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_images,)
        P(tag), from classifiers that have not learnt from the image.
    has_tag : ndarray of bool, shape (n_images,)
        The labels, some of each.

    Returns
    -------
    ndarray of bool, shape (n_images,)
    """
    like_other, like_tag = scores[~has_tag].mean(), scores[has_tag].mean()
    lost = (scores <= like_other) & (like_tag >= THRESHOLD)
    doubtful: NDArray[np.bool_] = np.where(has_tag, lost, scores >= like_tag)
    return doubtful


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


def _surest(
    scores: Floats, learnt: Labelled, chosen: NDArray[np.bool_], count: int
) -> tuple[Mistake, ...]:
    places = np.flatnonzero(chosen)
    ranked = places[np.argsort(-np.abs(scores[places] - THRESHOLD), kind="stable")]
    return tuple(
        Mistake(int(learnt.rows[at]), bool(learnt.labels[at] == 0), float(scores[at]))
        for at in ranked[:count]
    )
