"""Scikit-learn's estimators, fitted: the same input gives the same numbers on any number of cores.

Class 0 is the tag, class 1 is other. The probabilities are calibrated with Platt's sigmoid on
decisions about images that were put aside (J. Platt, "Probabilistic outputs for support vector
machines", 1999).
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from shared.records import Floats

MAX_FOLDS = 5
MIN_TO_CALIBRATE = 10
"""With fewer images of either side a fold has one or none of it, and a sigmoid is a guess."""
MAX_ITERATIONS = 1000
SVM_PENALTY = 10.0
NO_PENALTY = 1e6
USUAL_LENGTH = 10
"""Of a vector of CLIP or the builtin embedder; scikit-learn's penalty suits such vectors."""

Labels = NDArray[np.int64]


def can_calibrate(labels: Labels) -> bool:
    """Whether there are enough images of both sides to calibrate and to cross-validate."""
    return int(np.bincount(labels, minlength=2).min()) >= MIN_TO_CALIBRATE


def put_aside_decisions(model_type: str, vectors: Floats, labels: Labels, seed: int) -> Floats:
    """Decide about each image by a classifier that has not learnt from it.

    Calibration and cross-validation share these decisions: they take most of the time.

    Parameters
    ----------
    model_type : str
        One of `MODEL_TYPES`.
    vectors : ndarray of float64, shape (n_images, n_features)
        Finite numbers.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other, at least two of each.
    seed : int
        Decides how the images are divided.

    Returns
    -------
    ndarray of float64, shape (n_images,)
        Positive for other.
    """
    decisions = np.empty(len(labels))
    scaled = vectors * usual_scale(vectors)
    with reproducible():
        for learnt, put_aside in _folds(labels, seed).split(scaled, labels):
            estimator = MODEL_TYPES[model_type](seed).fit(scaled[learnt], labels[learnt])
            decisions[put_aside] = estimator.decision_function(scaled[put_aside])
    return decisions


def usual_scale(vectors: Floats) -> float:
    """Find the power of two that makes vectors (n_images, n_features) about `USUAL_LENGTH` long.

    Those of clip-retrieval are of length 1, where the penalty would keep a logistic regression
    from learning much. A power of two changes no digit of what is computed.
    """
    length = float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).mean()))
    return 2.0 ** round(math.log2(USUAL_LENGTH / length)) if length else 1.0


def fitted(
    model_type: str,
    vectors: Floats,
    labels: Labels,
    seed: int,
    decisions: Floats | None = None,
) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Fit a classifier, calibrated where there are enough images.

    A support vector machine has no probability of its own and is calibrated in any case.

    Parameters
    ----------
    model_type, vectors, labels, seed
        As of `put_aside_decisions`.
    decisions : ndarray of float64, shape (n_images,), optional
        What that returned for the same parameters; found anew where it is missing.

    Returns
    -------
    scikit-learn classifier
        Its ``predict_proba`` gives the probability of the tag in column 0.
    """
    unfitted = MODEL_TYPES[model_type](seed)
    if not (can_calibrate(labels) or isinstance(unfitted, SVC)):
        with reproducible():
            return _fitted_to(unfitted, vectors, labels)
    if decisions is None:
        decisions = put_aside_decisions(model_type, vectors, labels, seed)
    with reproducible():
        return _calibrated(unfitted, vectors, labels, decisions, _folds(labels, seed))


def tag_scores(estimator: Any, vectors: Floats) -> Floats:  # noqa: ANN401
    """P(tag) of vectors (n_images, n_features), shape (n_images,)."""
    with threadpool_limits(1):
        return np.asarray(estimator.predict_proba(vectors)[:, 0], np.float64)


def cross_validated_scores(decisions: Floats, labels: Labels, seed: int) -> Floats:
    """P(tag) of each image from a classifier and a sigmoid that were not fitted to it.

    All but blind: the other images' decisions, which the sigmoid is fitted to, come from
    classifiers that did learn from the image.

    Parameters
    ----------
    decisions : ndarray of float64, shape (n_images,)
        From `put_aside_decisions`, with the same seed.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other; `can_calibrate` must hold.
    seed : int
        Decides how the images are divided.

    Returns
    -------
    ndarray of float64, shape (n_images,)
    """
    scores = np.empty(len(labels))
    with reproducible():
        for learnt, put_aside in _folds(labels, seed).split(decisions, labels):
            slope, offset = sigmoid(decisions[learnt], labels[learnt])
            scores[put_aside] = 1 / (1 + np.exp(slope * decisions[put_aside] + offset))
    return scores


def sigmoid(decisions: Floats, labels: Labels) -> tuple[float, float]:
    """Fit ``P(tag) = 1 / (1 + exp(slope * decision + offset))`` to Platt's softened labels.

    Parameters
    ----------
    decisions : ndarray of float64, shape (n_images,)
        Positive for other.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other.
    """
    n_tag, n_other = np.bincount(labels, minlength=2)
    p_other = np.where(labels == 1, (n_other + 1) / (n_other + 2), 1 / (n_tag + 2))
    scale = float(np.abs(decisions).max()) or 1.0
    twice = np.concatenate([decisions, decisions])[:, np.newaxis] / scale
    weights = np.concatenate([p_other, 1 - p_other])
    line = LogisticRegression(C=NO_PENALTY, max_iter=MAX_ITERATIONS)
    line.fit(twice, np.repeat([1, 0], len(labels)), weights)
    return float(line.coef_[0, 0]) / scale, float(line.intercept_[0])


class _Decided(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Stands for a classifier that has decided already: its vectors are the decisions."""

    def fit(self, _: Floats, labels: Labels) -> Self:
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, decisions: Floats) -> Floats:
        return decisions[:, 0]

    def predict(self, decisions: Floats) -> Labels:
        return (decisions[:, 0] > 0).astype(np.int64)


def _calibrated(
    unfitted: Any,  # noqa: ANN401
    vectors: Floats,
    labels: Labels,
    decisions: Floats,
    folds: StratifiedKFold,
) -> Any:  # noqa: ANN401
    """Make what scikit-learn's calibration makes, without fitting all folds once more."""
    calibrated = CalibratedClassifierCV(_Decided(), method="sigmoid", cv=folds, ensemble=False)
    calibrated.fit(decisions[:, np.newaxis], labels)
    (pair,) = calibrated.calibrated_classifiers_
    pair.estimator = _fitted_to(clone(unfitted), vectors, labels)
    calibrated.estimator = unfitted
    calibrated.n_features_in_ = pair.estimator.n_features_in_
    return calibrated


def _fitted_to(unfitted: Any, vectors: Floats, labels: Labels) -> Any:  # noqa: ANN401
    """Fit to vectors of the usual length; what comes out takes them as they were.

    A support vector machine does so by itself: its kernel is scaled by the variance.
    """
    if isinstance(unfitted, SVC):
        return unfitted.fit(vectors, labels)
    scale = usual_scale(vectors)
    line = unfitted.fit(vectors * scale, labels)
    line.coef_ *= scale
    return line


def _folds(labels: Labels, seed: int) -> StratifiedKFold:
    n_folds = min(MAX_FOLDS, int(np.bincount(labels).min()))
    return StratifiedKFold(n_folds, shuffle=True, random_state=seed)


@contextmanager
def reproducible() -> Iterator[None]:
    """Compute with one thread, and without warnings of what some data bring along."""
    # With several threads BLAS adds in another order, and on few images it is slower besides.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _logistic_regression(seed: int) -> Any:  # noqa: ANN401
    return LogisticRegression(max_iter=MAX_ITERATIONS, random_state=seed)


def _svm(_: int) -> Any:  # noqa: ANN401
    return SVC(C=SVM_PENALTY)


MODEL_TYPES: dict[str, Callable[[int], Any]] = {
    "ovr-logistic-regression": _logistic_regression,
    "ovr-svm": _svm,
}
