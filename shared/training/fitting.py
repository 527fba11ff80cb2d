"""Scikit-learn's estimators, fitted: the same input gives the same numbers on any number of cores.

Class 0 is the tag, class 1 is other. The probabilities are calibrated with Platt's sigmoid on
decisions about images that were put aside (J. Platt, "Probabilistic outputs for support vector
machines", 1999).
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from shared.estimators import Floats

MAX_FOLDS = 5
MIN_TO_CALIBRATE = 10
"""With fewer images of either side a fold has one or none of it, and a sigmoid is a guess."""
MAX_ITERATIONS = 1000
SVM_PENALTY = 10.0
NO_PENALTY = 1e6

Labels = NDArray[np.int64]


def can_calibrate(labels: Labels) -> bool:
    """Whether there are enough images of both sides to calibrate and to cross-validate."""
    return int(np.bincount(labels, minlength=2).min()) >= MIN_TO_CALIBRATE


def fitted(model_type: str, vectors: Floats, labels: Labels, seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Fit a classifier, calibrated where there are enough images.

    A support vector machine has no probability of its own and is calibrated in any case.

    Parameters
    ----------
    model_type : str
        One of `MODEL_TYPES`.
    vectors : ndarray of float64, shape (n_images, n_features)
        Finite numbers.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other, at least two of each.
    seed : int
        Decides how calibration divides the images.

    Returns
    -------
    scikit-learn classifier
        Its ``predict_proba`` gives the probability of the tag in column 0.
    """
    unfitted = MODEL_TYPES[model_type](seed)
    if can_calibrate(labels) or isinstance(unfitted, SVC):
        unfitted = CalibratedClassifierCV(
            unfitted, method="sigmoid", cv=_folds(labels, seed), ensemble=False
        )
    with reproducible():
        return unfitted.fit(vectors, labels)


def tag_scores(estimator: Any, vectors: Floats) -> Floats:  # noqa: ANN401
    """P(tag) of vectors (n_images, n_features), shape (n_images,)."""
    with threadpool_limits(1):
        return np.asarray(estimator.predict_proba(vectors)[:, 0], np.float64)


def cross_validated_scores(model_type: str, vectors: Floats, labels: Labels, seed: int) -> Floats:
    """P(tag) of each image from a classifier, and a sigmoid, that have not learnt from it.

    Parameters as of `fitted`, of which it uses the same folds; `can_calibrate` must hold.

    Returns
    -------
    ndarray of float64, shape (n_images,)
    """
    folds = list(_folds(labels, seed).split(vectors, labels))
    decisions = np.empty(len(labels))
    scores = np.empty(len(labels))
    with reproducible():
        for learnt, put_aside in folds:
            estimator = MODEL_TYPES[model_type](seed).fit(vectors[learnt], labels[learnt])
            decisions[put_aside] = estimator.decision_function(vectors[put_aside])
        for learnt, put_aside in folds:
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
