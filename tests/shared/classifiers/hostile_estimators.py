"""Fitted estimators that were tampered with, or are of a kind that is not read.

Add a line to add a case: name, bytes, why it is refused.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from tests.shared.classifiers.hostile_cases import THREE_CLASSES, UNREAD, Case, estimator_case
from tests.shared.classifiers.samples import IS_OTHER, N_FEATURES, TRAINING, changed, fitted, sample


def _svc(name: str, expected: str, **attributes: object) -> Case:
    return estimator_case(
        f"svc: {name}", lambda: changed("svc, rbf", **attributes), f"SVC: {expected}"
    )


def _logistic(name: str, expected: str, **attributes: object) -> Case:
    return estimator_case(
        f"logistic: {name}",
        lambda: changed("logistic", **attributes),
        f"LogisticRegression: {expected}",
    )


def _bayes(name: str, expected: str, **attributes: object) -> Case:
    return estimator_case(
        f"bayes: {name}", lambda: changed("bayes", **attributes), f"GaussianNB: {expected}"
    )


def _sparse_svc() -> BaseEstimator:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return SVC(probability=True).fit(csr_array(TRAINING), IS_OTHER)


def _nan(*shape: int) -> NDArray[np.float64]:
    return np.full(shape, np.nan)


N_SUPPORT = len(sample("svc, rbf").support_)
SVCS = [
    _svc("three probabilities", "_probA has shape (3,), needed: (1,)", _probA=np.ones(3)),
    _svc("no probabilities", "no probabilities: fit it", _probA=np.ones(0)),
    _svc("no second probability", "_probB has shape (0,)", _probB=np.ones(0)),
    _svc("probability NaN", "_probA holds numbers that are not finite", _probA=_nan(1)),
    _svc("too many per class", f"_n_support is [5, {2**20}] for", _n_support=np.array([5, 2**20])),
    _svc("fewer than none per class", "_n_support is [-1, 22] for", _n_support=np.array([-1, 22])),
    _svc("counts of floats", "_n_support is of f8, not of integers", _n_support=np.ones(2)),
    _svc("dual_coef_ too short", "_dual_coef_ has shape", _dual_coef_=np.ones((1, 3))),
    _svc("dual_coef_ of two rows", "_dual_coef_ has shape", _dual_coef_=np.ones((2, N_SUPPORT))),
    _svc("dual_coef_ flat", "_dual_coef_ has shape", _dual_coef_=np.ones(N_SUPPORT)),
    _svc(
        "dual_coef_ inf", "_dual_coef_ holds numbers", _dual_coef_=np.full((1, N_SUPPORT), np.inf)
    ),
    _svc("no dual_coef_", "no _dual_coef_, so it was not fitted", _dual_coef_=None),
    _svc("vectors missing", "support_ has shape", support_=np.arange(3, dtype=np.int32)),
    _svc(
        "row beyond the end",
        "support_ names rows that it was not fitted on",
        support_=np.full(N_SUPPORT, 2**31 - 1, np.int32),
    ),
    _svc(
        "row below 0",
        "support_ names rows that it was not fitted on",
        support_=np.full(N_SUPPORT, -1, np.int32),
    ),
    _svc("fitted on a text", "support_ names rows", shape_fit_=("many", 4)),
    _svc("no support vectors", "support_vectors_ has shape", support_vectors_=np.ones((0, 4))),
    _svc("flat support vectors", "support_vectors_ has shape", support_vectors_=np.ones(4)),
    _svc(
        "wide support vectors", "n_features_in_ is not 9", support_vectors_=np.ones((N_SUPPORT, 9))
    ),
    _svc(
        "vectors of integers",
        "support_vectors_ is of i8, not of floats",
        support_vectors_=np.ones((N_SUPPORT, 4), int),
    ),
    _svc(
        "vectors of objects",
        "support_vectors_ is of O8, not of floats",
        support_vectors_=np.ones((N_SUPPORT, 4), object),
    ),
    _svc("vectors in a list", "support_vectors_ is no array", support_vectors_=[1.0]),
    _svc("gamma NaN", "_gamma is no finite number", _gamma=float("nan")),
    _svc("gamma below 0", "_gamma is below 0", _gamma=-1.0),
    _svc("gamma of 500 digits", "_gamma is no finite number", _gamma=10**500),
    _svc("gamma in words", "_gamma is no finite number", _gamma="scale"),
    _svc("degree of 10,000", "degree is no integer from 0 to 100", degree=10_000),
    _svc("degree of 2.5", "degree is no integer from 0 to 100", degree=2.5),
    _svc("coef0 inf", "coef0 is no finite number", coef0=float("inf")),
    _svc("kernel precomputed", "the kernel precomputed is not read", kernel="precomputed"),
    _svc("kernel of ours", "the kernel cosine is not read", kernel="cosine"),
    _svc("kernel of numbers", "kernel is no text", kernel=3),
    _svc("sparse by a flag", "fitted on sparse vectors", _sparse=True),
    _svc("one class", "1 class, 2 are needed", classes_=np.array([0])),
    _svc("classes in a table", "0 classes, 2 are needed", classes_=np.ones((2, 1))),
    _svc("no classes", "no classes_, so it was not fitted", classes_=None),
    estimator_case(
        "svc: kernel is a function",
        lambda: changed("svc, rbf", kernel=np.linalg.norm),
        "names numpy.linalg.norm",
    ),
    estimator_case("svc: sparse", _sparse_svc, f"{UNREAD}: it was fitted on sparse vectors"),
    estimator_case(
        "svc: three classes", lambda: fitted(SVC(), THREE_CLASSES), "SVC: 3 classes, 2 are needed"
    ),
    estimator_case("svc: without probabilities", lambda: fitted(SVC()), "SVC: no probabilities"),
    estimator_case("svc: not fitted", SVC, "SVC: no classes_, so it was not fitted"),
]
LOGISTICS = [
    _logistic("coef_ NaN", "coef_ holds numbers that are not finite", coef_=_nan(1, N_FEATURES)),
    _logistic(
        "coef_ huge",
        "coef_ holds numbers that are not finite, or beyond",
        coef_=np.full((1, N_FEATURES), 1e200),
    ),
    _logistic("two rows", "coef_ has shape (2, 4), needed: (1, 4)", coef_=np.ones((2, 4))),
    _logistic("no columns", "coef_ has shape (1, 0): rows and columns", coef_=np.ones((1, 0))),
    _logistic("flat", "coef_ has shape (4,): rows and columns", coef_=np.ones(4)),
    _logistic("other width", "n_features_in_ is not 5, the width of its arrays", coef_=_nan(1, 5)),
    _logistic("two intercepts", "intercept_ has shape (2,)", intercept_=np.ones(2)),
    _logistic("intercept NaN", "intercept_ is no finite number", intercept_=float("nan")),
    _logistic("intercept text", "intercept_ is no finite number", intercept_="0"),
    _logistic("classes in a list", "classes_ is no array", classes_=[0, 1]),
    estimator_case(
        "logistic: three classes",
        lambda: fitted(LogisticRegression(), THREE_CLASSES),
        "LogisticRegression: 3 classes, 2 are needed",
    ),
    estimator_case(
        "logistic: sparse",
        lambda: sample("logistic").sparsify(),
        f"{UNREAD}: it was fitted on sparse vectors, or made sparse",
    ),
]
BAYES = [
    _bayes("no variance", "var_ holds numbers that are not above 0", var_=np.zeros((2, 4))),
    _bayes("variance NaN", "var_ holds numbers that are not finite", var_=_nan(2, 4)),
    _bayes(
        "variance near the most of float32",
        "var_ holds numbers that are too large for float32",
        var_=np.full((2, 4), 3e38, np.float32),
    ),
    _bayes("variance too wide", "var_ has shape (2, 5)", var_=np.ones((2, 5))),
    _bayes("three means", "theta_ has shape (3, 4), needed: (2, 4)", theta_=np.ones((3, 4))),
    _bayes(
        "prior of 0",
        "class_prior_ holds numbers that are not above 0",
        class_prior_=np.array([0.0, 1.0]),
    ),
    _bayes("no prior", "no class_prior_", class_prior_=None),
    estimator_case(
        "bayes: three classes",
        lambda: fitted(GaussianNB(), THREE_CLASSES),
        "GaussianNB: 3 classes, 2 are needed",
    ),
]
OTHERS = [
    estimator_case(
        "a forest",
        lambda: fitted(RandomForestClassifier(2)),
        f"names sklearn.ensemble._forest.RandomForestClassifier, {UNREAD}",
    ),
]
