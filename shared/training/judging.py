"""How good a classifier is: on pictures put aside, by cross-validation, and with more of them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

from shared.odds import N_ODDS_BINS, odds_bins
from shared.records import Floats
from shared.results.bins import bin_index
from shared.training.fitting import (
    MIN_TO_CALIBRATE,
    Labels,
    Vectors,
    iter_divided,
    reproducible,
    usual,
    usual_scale,
)
from shared.training.ranking import average_precision, ranked
from shared.training.regressions import regression
from shared.training.selection import SEED, Labelled
from shared.training.thresholds import TARGETS, Threshold, images_to_reach, thresholds

THRESHOLD = 0.5
"""A picture counts as found where its score is at least this."""
N_BINS = 10
MAX_CURVE_POINTS = 100
SHARES = (0.125, 0.25, 0.5, 1.0)
N_FOLDS = 3
N_REPEATS = 3
"""One division into thirds alone is off by about as much as what decides: `WORTH_MORE`."""
WORTH_MORE = 0.01
"""More pictures are advised where the last doubling has raised average precision by this much."""
MAX_MISTAKES = 8
MAX_SUSPECTS = 50


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pictures whose scores are in one bin: how many, their mean score, the share with the tag."""

    n_images: int
    mean_score: float
    tag_share: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures of one classifier on pictures with and without its tag.

    ``confusion`` has a row for the tag and one for other, each (found, not found).
    ``tag_histogram`` and ``other_histogram`` count scores in ten bins. ``precision`` and ``f1``
    are None where nothing was found: there is nothing that it could be a share of.
    ``reliability`` has a bin for each tenth of the scores, None where it is empty;
    ``calibration_error`` is the expected calibration error, the mean distance of their two shares.
    ``curve`` are points (recall, precision), at most a hundred or so, for a picture.
    """

    accuracy: float
    precision: float | None
    recall: float
    f1: float | None
    roc_auc: float
    average_precision: float
    confusion: tuple[tuple[int, int], tuple[int, int]]
    tag_histogram: tuple[int, ...]
    other_histogram: tuple[int, ...]
    calibration_error: float
    reliability: tuple[ReliabilityBin | None, ...]
    curve: tuple[tuple[float, float], ...]


def evaluated(scores: Floats, has_tag: NDArray[np.bool_]) -> Evaluation:
    """Measure scores against the truth.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_images,)
        P(tag), 0 to 1.
    has_tag : ndarray of bool, shape (n_images,)
        The truth; at least one image with the tag and one without.
    """
    found = scores >= THRESHOLD
    hits, misses = _count(found[has_tag]), _count(~found[has_tag])
    false_alarms, rejections = _count(found[~has_tag]), _count(~found[~has_tag])
    n_found = hits + false_alarms
    bins = _reliability(scores, has_tag)
    return Evaluation(
        accuracy=(hits + rejections) / len(scores),
        precision=hits / n_found if n_found else None,
        recall=hits / (hits + misses),
        f1=2 * hits / (n_found + hits + misses) if n_found else None,
        roc_auc=float(roc_auc_score(has_tag, scores)),
        average_precision=float(average_precision_score(has_tag, scores)),
        confusion=((hits, misses), (false_alarms, rejections)),
        tag_histogram=_histogram(scores[has_tag]),
        other_histogram=_histogram(scores[~has_tag]),
        calibration_error=_calibration_error(bins),
        reliability=bins,
        curve=_curve(scores, has_tag),
    )


def _count(mask: NDArray[np.bool_]) -> int:
    return int(mask.sum())


def _histogram(scores: Floats) -> tuple[int, ...]:
    return tuple(np.bincount(bin_index(scores, N_BINS), minlength=N_BINS).tolist())


def _reliability(scores: Floats, has_tag: NDArray[np.bool_]) -> tuple[ReliabilityBin | None, ...]:
    places = bin_index(scores, N_BINS)
    masks = [places == place for place in range(N_BINS)]
    return tuple(
        ReliabilityBin(_count(mask), float(scores[mask].mean()), float(has_tag[mask].mean()))
        if mask.any()
        else None
        for mask in masks
    )


def _calibration_error(bins: tuple[ReliabilityBin | None, ...]) -> float:
    filled = [one for one in bins if one]
    distances = [one.n_images * abs(one.mean_score - one.tag_share) for one in filled]
    return sum(distances) / sum(one.n_images for one in filled)


def _curve(scores: Floats, has_tag: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Thin the precision-recall curve out to what an eye can tell apart, both ends kept."""
    precision, recall, _ = precision_recall_curve(has_tag, scores)
    from_right = np.flatnonzero(np.diff(recall, prepend=2) < 0)
    ends = np.union1d(from_right, from_right[1:] - 1)
    thinned = ends[:: max(1, len(ends) // MAX_CURVE_POINTS)]
    kept = np.union1d(thinned, [ends[0], len(recall) - 1])
    return tuple((float(recall[at]), float(precision[at])) for at in kept)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean average precision, on pictures put aside, after learning from so many of either side."""

    n_tag: int
    n_other: int
    average_precision: float


def learning_curve(
    vectors: Vectors, labels: Labels, seed: int, groups: Labels | None = None
) -> tuple[CurvePoint, ...]:
    """Learn from ever larger shares of the pictures, and judge by a third that is put aside.

    Parameters
    ----------
    vectors : ndarray of float32 or float64, shape (n_images, n_features)
        Finite numbers.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other, at least three of each.
    seed : int
        Decides the thirds, which are drawn several times.
    groups : ndarray of int64, shape (n_images,), optional
        The same for near copies, which are in one third.
    """
    drawn = RepeatedStratifiedKFold(n_splits=N_FOLDS, n_repeats=N_REPEATS, random_state=seed)
    thirds = list(iter_divided(drawn, labels, groups))
    scaled = usual(vectors, usual_scale(vectors))
    points = []
    with reproducible():
        for share in SHARES:
            somes = [_share_of(learnt, labels, share) for learnt, _ in thirds]
            weights = [regression(scaled[some], labels[some])[0] for some in somes]
            decisions = scaled @ np.stack(weights, axis=1)
            quality = [
                average_precision(ranked(-of_one[put_aside], labels[put_aside] == 0))
                for of_one, (_, put_aside) in zip(decisions.T, thirds, strict=True)
            ]
            n_other = int(labels[somes[-1]].sum())
            points.append(CurvePoint(len(somes[-1]) - n_other, n_other, float(np.mean(quality))))
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


@dataclass(frozen=True, slots=True)
class Mistake:
    """A picture whose label its score speaks against; ``row`` is its place in the vectors."""

    row: int
    has_tag: bool
    score: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A classifier judged on the pictures that it learns from, each by the folds without it.

    ``mistakes`` are its most confident ones, those on held-out pictures included; those of them
    all that are more likely to be wrong labels are ``suspects``. Both begin with the surest.
    ``score_counts`` are the bins of the scores' odds that are not empty: (bin, n_tag, n_other).
    """

    evaluation: Evaluation
    thresholds: dict[str, Threshold | None]
    images_to_reach: dict[str, int | None]
    mistakes: tuple[Mistake, ...]
    suspects: tuple[Mistake, ...]
    score_counts: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class MeanScores:
    """Mean P(tag) of the pictures with the tag and of the others."""

    tag: float
    other: float


def cross_validated(
    scores: Floats, learnt: Labelled, held_out: Labelled, held_out_scores: Floats
) -> CrossValidation:
    """Judge a classifier by scores that did not learn from the picture.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_learnt,)
        From `cross_validated_scores`.
    learnt, held_out : Labelled
        The pictures with their labels.
    held_out_scores : ndarray of float64, shape (n_held_out,)
        P(tag) of the held-out ones by the classifier that has learnt from all others. Only
        mistakes and suspects come from them.
    """
    has_tag = learnt.labels == 0
    means = MeanScores(scores[has_tag].mean(), scores[~has_tag].mean())
    both = Labelled(
        np.concatenate([learnt.rows, held_out.rows]),
        np.concatenate([learnt.labels, held_out.labels]),
    )
    all_scores = np.concatenate([scores, held_out_scores])
    contrary = (all_scores >= THRESHOLD) != (both.labels == 0)
    suspected = contrary & suspicious(all_scores, both.labels == 0, means)
    return CrossValidation(
        evaluation=evaluated(scores, has_tag),
        thresholds=thresholds(scores, has_tag, SEED),
        images_to_reach=images_to_reach(scores, has_tag),
        mistakes=_surest(all_scores, both, contrary, MAX_MISTAKES),
        suspects=_surest(all_scores, both, suspected, MAX_SUSPECTS),
        score_counts=_score_counts(scores, has_tag),
    )


def _score_counts(scores: Floats, has_tag: NDArray[np.bool_]) -> tuple[tuple[int, int, int], ...]:
    places = odds_bins(scores)
    tag, other = (np.bincount(places[side], minlength=N_ODDS_BINS) for side in (has_tag, ~has_tag))
    filled = np.flatnonzero(tag + other)
    return tuple((int(at), int(tag[at]), int(other[at])) for at in filled)


def suspicious(scores: Floats, has_tag: NDArray[np.bool_], means: MeanScores) -> NDArray[np.bool_]:
    """Tell which labels are doubtful: the score is that of an average picture of the other side.

    The thresholds of confident learning (C. Northcutt, L. Jiang, I. Chuang, "Confident learning:
    estimating uncertainty in dataset labels", 2021), for two classes. Scores that do not find an
    average picture of the tag say nothing against those that they do not find either.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_images,)
        P(tag), from classifiers that have not learnt from the image.
    has_tag : ndarray of bool, shape (n_images,)
        The labels.
    means : MeanScores
        Of pictures that were cross-validated.

    Returns
    -------
    ndarray of bool, shape (n_images,)
    """
    lost = (scores <= means.other) & (means.tag >= THRESHOLD)
    doubtful: NDArray[np.bool_] = np.where(has_tag, lost, scores >= means.tag)
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
        "score_counts": [list(one) for one in judged.score_counts] if judged else None,
        "thresholds": {name: _plain(found.get(name)) for name in TARGETS},
        "images_to_reach": judged.images_to_reach if judged else {},
    }


def _plain(threshold: Threshold | None) -> dict[str, Any] | None:
    return None if threshold is None else asdict(threshold)


def _surest(
    scores: Floats, judged: Labelled, chosen: NDArray[np.bool_], count: int
) -> tuple[Mistake, ...]:
    places = np.flatnonzero(chosen)
    ranked = places[np.argsort(-np.abs(scores[places] - THRESHOLD), kind="stable")]
    return tuple(
        Mistake(int(judged.rows[at]), bool(judged.labels[at] == 0), float(scores[at]))
        for at in ranked[:count]
    )
