"""Scikit-learn's estimators, fitted: the same input gives the same numbers on any number of cores.

Class 0 is the tag, class 1 is other.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from shared.estimators import Floats

MAX_FOLDS = 5
MAX_ITERATIONS = 1000
SVM_PENALTY = 10.0


def fitted(model_type: str, vectors: Floats, labels: NDArray[np.int64], seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Fit a classifier.

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
    unfitted = MODEL_TYPES[model_type](labels, seed)
    # With several threads BLAS adds in another order, and on few images it is slower besides.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        return unfitted.fit(vectors, labels)


def tag_scores(estimator: Any, vectors: Floats) -> Floats:  # noqa: ANN401
    """P(tag) of vectors (n_images, n_features), shape (n_images,)."""
    with threadpool_limits(1):
        return np.asarray(estimator.predict_proba(vectors)[:, 0], np.float64)


def _logistic_regression(_: NDArray[np.int64], seed: int) -> Any:  # noqa: ANN401
    return LogisticRegression(max_iter=MAX_ITERATIONS, random_state=seed)


def _calibrated_svm(labels: NDArray[np.int64], seed: int) -> Any:  # noqa: ANN401
    n_folds = min(MAX_FOLDS, int(np.bincount(labels).min()))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(SVC(C=SVM_PENALTY), method="sigmoid", cv=folds, ensemble=False)


MODEL_TYPES: dict[str, Callable[[NDArray[np.int64], int], Any]] = {
    "ovr-logistic-regression": _logistic_regression,
    "ovr-svm": _calibrated_svm,
}
