"""Fitted scikit-learn classifiers of every kind, and the same as plain arrays."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from shared.classifiers.estimators import (
    Calibrated,
    Estimator,
    Logistic,
    NaiveBayes,
    Standardized,
    SupportVectors,
)
from shared.records import Floats


def plain(fitted: BaseEstimator) -> Any:  # noqa: ANN401 - an Estimator that may nest
    """Plain arrays of a fitted scikit-learn classifier."""
    match fitted:
        case LogisticRegression():
            return Logistic(fitted.coef_[0], float(fitted.intercept_[0]))
        case SVC():
            return _plain_svm(fitted)
        case GaussianNB():
            return NaiveBayes(fitted.theta_, fitted.var_, np.log(fitted.class_prior_))
        case CalibratedClassifierCV():
            pair = fitted.calibrated_classifiers_[0]
            sigmoid = pair.calibrators[0]
            return Calibrated(plain(pair.estimator), float(sigmoid.a_), float(sigmoid.b_))
        case Pipeline():
            return Standardized(fitted[0].mean_, fitted[0].scale_, plain(fitted[1]))
    raise TypeError(fitted)


def _plain_svm(fitted: SVC) -> SupportVectors:
    platt = (float(fitted._probA[0]), float(fitted._probB[0])) if len(fitted._probA) else None
    return SupportVectors(
        fitted.support_vectors_,
        fitted.dual_coef_[0],
        float(fitted.intercept_[0]),
        fitted.kernel,
        float(fitted._gamma),
        float(fitted.coef0),
        fitted.degree,
        platt,
    )


def calibrated(base: BaseEstimator) -> CalibratedClassifierCV:
    return CalibratedClassifierCV(base, ensemble=False, cv=3)


KINDS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: LogisticRegression(max_iter=1000),
    "rbf": lambda: SVC(probability=True, random_state=0),
    "rbf of another gamma": lambda: SVC(gamma=0.02, probability=True, random_state=0),
    "linear": lambda: SVC(kernel="linear", probability=True, random_state=0),
    "poly": lambda: SVC(kernel="poly", coef0=1, probability=True, random_state=0),
    "poly of degree 5": lambda: SVC(
        kernel="poly", degree=5, coef0=0.5, probability=True, random_state=0
    ),
    "sigmoid": lambda: SVC(kernel="sigmoid", coef0=-0.5, probability=True, random_state=0),
    "naive Bayes": GaussianNB,
    "calibrated logistic": lambda: calibrated(LogisticRegression(max_iter=1000)),
    "calibrated rbf": lambda: calibrated(SVC()),
    "calibrated linear": lambda: calibrated(SVC(kernel="linear")),
    "standardized logistic": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "standardized rbf": lambda: make_pipeline(
        StandardScaler(), SVC(probability=True, random_state=0)
    ),
    "standardized naive Bayes": lambda: make_pipeline(StandardScaler(), GaussianNB()),
    "standardized calibrated": lambda: make_pipeline(StandardScaler(), calibrated(SVC())),
}


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Fit = Callable[[str, Floats], tuple[Any, Estimator]]


@pytest.fixture(scope="session")
def fit() -> Fit:
    """Fit a kind on vectors whose even rows are the tag: the classifier and its plain arrays."""

    def fitted(kind: str, vectors: Floats) -> tuple[Any, Estimator]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The `probability` parameter", FutureWarning)
            classifier = KINDS[kind]().fit(vectors, np.arange(len(vectors)) % 2)
        return classifier, plain(classifier)

    return fitted


@pytest.fixture(scope="session")
def every_kind(fit: Fit) -> list[tuple[Any, Estimator]]:
    """One classifier of each kind for vectors of 70 features."""
    return [fit(kind, clusters(seed, 40, 70)) for seed, kind in enumerate(KINDS)]


def clusters(seed: int, n_images: int, n_features: int, scale: float = 1.0) -> Floats:
    """Float32 numbers as float64; even rows are shifted from odd ones by less than their spread."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_images, n_features))
    vectors[::2] += rng.normal(size=n_features) / np.sqrt(n_features)
    return np.asarray((scale * vectors).astype(np.float32).astype(np.float64))


@pytest.fixture(scope="session")
def make_clusters() -> Callable[..., Floats]:
    return clusters
