"""The learning curve of a tag: would more pictures help? A logistic regression alone tells."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.model_selection import RepeatedStratifiedKFold

from shared.records import Floats
from shared.training.fitting import MODEL_TYPES, Labels, reproducible, usual_scale

SHARES = (0.125, 0.25, 0.5, 1.0)
N_FOLDS = 3
N_REPEATS = 3
"""One division into thirds alone is off by about as much as what decides: `WORTH_MORE`."""
WORTH_MORE = 0.01
"""More pictures are advised where the last doubling has raised average precision by this much."""
_MODEL_TYPE = "ovr-logistic-regression"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean average precision, on pictures put aside, after learning from so many of either side."""

    n_tag: int
    n_other: int
    average_precision: float


def learning_curve(vectors: Floats, labels: Labels, seed: int) -> tuple[CurvePoint, ...]:
    """Learn from ever larger shares of the pictures, and judge by a third that is put aside.

    Parameters
    ----------
    vectors : ndarray of float64, shape (n_images, n_features)
        Finite numbers.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other, at least three of each.
    seed : int
        Decides the thirds, which are drawn several times.
    """
    drawn = RepeatedStratifiedKFold(n_splits=N_FOLDS, n_repeats=N_REPEATS, random_state=seed)
    thirds = list(drawn.split(vectors, labels))
    scaled = vectors * usual_scale(vectors)
    points = []
    for share in SHARES:
        quality = []
        for learnt, put_aside in thirds:
            some = _share_of(learnt, labels, share)
            with reproducible():
                line = MODEL_TYPES[_MODEL_TYPE](seed).fit(scaled[some], labels[some])
                decisions = line.decision_function(scaled[put_aside])
            quality.append(average_precision_score(labels[put_aside] == 0, -decisions))
        n_other = int(labels[some].sum())
        points.append(CurvePoint(len(some) - n_other, n_other, float(np.mean(quality))))
    return tuple(points)


def more_would_help(curve: tuple[CurvePoint, ...]) -> bool:
    """Whether the last doubling of the pictures was worth its while."""
    return curve[-1].average_precision - curve[-2].average_precision >= WORTH_MORE


def _share_of(places: Labels, labels: Labels, share: float) -> Labels:
    """Take a share of each side, evenly spread, at least two pictures."""
    sides = (places[labels[places] == label] for label in (0, 1))
    counts = ((side, max(2, round(len(side) * share))) for side in sides)
    return np.concatenate(
        [side[np.linspace(0, len(side) - 1, count).astype(int)] for side, count in counts]
    )
