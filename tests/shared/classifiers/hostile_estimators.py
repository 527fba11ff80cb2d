"""Fitted estimators that were tampered with, or are of a kind that is not read.

Add a line to add a case: name, bytes, why it is refused.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from tests.shared.classifiers.hostile_pickles import Case
from tests.shared.classifiers.samples import (
    IS_OTHER,
    N_FEATURES,
    TRAINING,
    changed,
    dumped,
    fitted,
    sample,
)

THREE_CLASSES = np.arange(len(IS_OTHER)) % 3


def _case(name: str, estimator: Callable[[], Any], expected: str) -> Case:
    return Case(name, lambda: dumped(estimator()), expected)


def _svc(name: str, expected: str, **attributes: Any) -> Case:
    return _case(f"svc: {name}", lambda: changed("svc, rbf", **attributes), f"SVC {expected}")


def _logistic(name: str, expected: str, **attributes: Any) -> Case:
    return _case(
        f"logistic: {name}",
        lambda: changed("logistic", **attributes),
        f"LogisticRegression {expected}",
    )


def _bayes(name: str, expected: str, **attributes: Any) -> Case:
    return _case(f"bayes: {name}", lambda: changed("bayes", **attributes), f"GaussianNB {expected}")


def _scaler(name: str, expected: str, **attributes: Any) -> Case:
    return _case(
        f"scaler: {name}", lambda: _pipeline_with(attributes), f"StandardScaler {expected}"
    )


def _pipeline_with(attributes: dict[str, Any]) -> Any:
    pipeline = sample("pipeline, logistic")
    pipeline.steps[0][1].__dict__.update(attributes)
    return pipeline


def _calibrated_with(pair: dict[str, Any], sigmoid: dict[str, Any]) -> Any:
    estimator = sample("calibrated svc")
    estimator.calibrated_classifiers_[0].__dict__.update(pair)
    estimator.calibrated_classifiers_[0].calibrators[0].__dict__.update(sigmoid)
    return estimator


def _sparse_svc() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return SVC(probability=True).fit(csr_array(TRAINING), IS_OTHER)


def _nan(*shape: int) -> Any:
    return np.full(shape, np.nan)


UNREAD = "which is not read as data"
N_SUPPORT = len(sample("svc, rbf").support_)
SVCS = [
    _svc("three probabilities", "has a _probA of shape (3,), (1,) is needed", _probA=np.ones(3)),
    _svc("no probabilities", "has no probabilities: fit it", _probA=np.ones(0)),
    _svc("no second probability", "has a _probB of shape (0,)", _probB=np.ones(0)),
    _svc("probability NaN", "has a _probA with numbers that are not finite", _probA=_nan(1)),
    _svc("too many per class", "for 21 support vectors", _n_support=np.int32([2**30, 5])),
    _svc("fewer than none per class", "has a _n_support of [-1, ", _n_support=np.int32([-1, 22])),
    _svc("counts of floats", "has a _n_support of f8, not of integers", _n_support=np.ones(2)),
    _svc("dual_coef_ too short", "has a _dual_coef_ of shape", _dual_coef_=np.ones((1, 3))),
    _svc("dual_coef_ of two rows", "has a _dual_coef_", _dual_coef_=np.ones((2, N_SUPPORT))),
    _svc("dual_coef_ flat", "has a _dual_coef_ of shape", _dual_coef_=np.ones(N_SUPPORT)),
    _svc("dual_coef_ inf", "has a _dual_coef_ with", _dual_coef_=np.full((1, N_SUPPORT), np.inf)),
    _svc("no dual_coef_", "has no _dual_coef_: it was not fitted", _dual_coef_=None),
    _svc("vectors missing", "has a support_ of shape", support_=np.arange(3, dtype=np.int32)),
    _svc(
        "row beyond the end",
        "has a support_ with rows that it was not fitted on",
        support_=np.full(N_SUPPORT, 2**31 - 1, np.int32),
    ),
    _svc(
        "row below 0",
        "has a support_ with rows that it was not fitted on",
        support_=np.full(N_SUPPORT, -1, np.int32),
    ),
    _svc("fitted on a text", "has a support_ with rows", shape_fit_=("many", 4)),
    _svc("no support vectors", "has a support_vectors_", support_vectors_=np.ones((0, 4))),
    _svc("flat support vectors", "has a support_vectors_", support_vectors_=np.ones(4)),
    _svc("wide support vectors", "was fitted on another", support_vectors_=np.ones((21, 9))),
    _svc("vectors of integers", "of i8, not of floats", support_vectors_=np.ones((21, 4), int)),
    _svc("vectors of objects", "of O8, not of floats", support_vectors_=np.ones((21, 4), object)),
    _svc("vectors in a list", "has a support_vectors_ that is no array", support_vectors_=[1.0]),
    _svc("gamma NaN", "has a _gamma that is no finite number", _gamma=float("nan")),
    _svc("gamma below 0", "has a _gamma below 0", _gamma=-1.0),
    _svc("gamma of 500 digits", "has a _gamma that is no finite number", _gamma=10**500),
    _svc("gamma in words", "has a _gamma that is no finite number", _gamma="scale"),
    _svc("degree of 10,000", "has a degree that is no integer from 0 to 100", degree=10_000),
    _svc("degree of 2.5", "has a degree that is no integer from 0 to 100", degree=2.5),
    _svc("coef0 inf", "has a coef0 that is no finite number", coef0=float("inf")),
    _svc("kernel precomputed", "has the kernel precomputed, which is not", kernel="precomputed"),
    _svc("kernel of ours", "has the kernel cosine, which is not read", kernel="cosine"),
    _svc("kernel of numbers", "has a kernel that is no text", kernel=3),
    _svc("sparse by a flag", "was fitted on sparse vectors", _sparse=True),
    _svc("one class", "has 1 classes, 2 are needed", classes_=np.array([0])),
    _svc("classes in a table", "has 0 classes, 2 are needed", classes_=np.ones((2, 1))),
    _svc("no classes", "has no classes_: it was not fitted", classes_=None),
    _case(
        "svc: kernel is a function",
        lambda: changed("svc, rbf", kernel=np.linalg.norm),
        "names numpy.linalg.norm",
    ),
    _case("svc: sparse", _sparse_svc, f"{UNREAD}: it was fitted on sparse vectors"),
    _case("svc: three classes", lambda: fitted(SVC(), THREE_CLASSES), "SVC has 3 classes, 2 are"),
    _case("svc: without probabilities", lambda: fitted(SVC()), "SVC has no probabilities"),
    _case("svc: not fitted", SVC, "SVC has no classes_: it was not fitted"),
]
LOGISTICS = [
    _logistic("coef_ NaN", "has a coef_ with numbers that are not", coef_=_nan(1, N_FEATURES)),
    _logistic("coef_ huge", "has a coef_ with numbers", coef_=np.full((1, N_FEATURES), 1e200)),
    _logistic("two rows", "has a coef_ of shape (2, 4), (1, 4) is", coef_=np.ones((2, 4))),
    _logistic("no columns", "has a coef_ of shape (1, 0)", coef_=np.ones((1, 0))),
    _logistic("flat", "has a coef_ of shape (4,)", coef_=np.ones(4)),
    _logistic("other width", "was fitted on another number of features than 5", coef_=_nan(1, 5)),
    _logistic("two intercepts", "has a intercept_ of shape (2,)", intercept_=np.ones(2)),
    _logistic("intercept NaN", "has a intercept_ that is no", intercept_=float("nan")),
    _logistic("intercept text", "has a intercept_ that is no finite number", intercept_="0"),
    _logistic("classes in a list", "has a classes_ that is no array", classes_=[0, 1]),
    _case(
        "logistic: three classes",
        lambda: fitted(LogisticRegression(), THREE_CLASSES),
        "LogisticRegression has 3 classes, 2 are needed",
    ),
    _case(
        "logistic: sparse",
        lambda: sample("logistic").sparsify(),
        f"{UNREAD}: it was fitted on sparse vectors, or made sparse",
    ),
]
BAYES = [
    _bayes("no variance", "has a var_ with numbers that are not above 0", var_=np.zeros((2, 4))),
    _bayes("variance NaN", "has a var_ with numbers that are not finite", var_=_nan(2, 4)),
    _bayes("variance too wide", "has a var_ of shape (2, 5)", var_=np.ones((2, 5))),
    _bayes("three means", "has a theta_ of shape (3, 4), (2, 4) is", theta_=np.ones((3, 4))),
    _bayes("prior of 0", "has a class_prior_ with numbers", class_prior_=np.array([0.0, 1.0])),
    _bayes("no prior", "has no class_prior_", class_prior_=None),
    _case(
        "bayes: three classes",
        lambda: fitted(GaussianNB(), THREE_CLASSES),
        "GaussianNB has 3 classes, 2 are needed",
    ),
]
PIPELINES = [
    _scaler("scale of 0", "has a scale_ with numbers that are not above 0", scale_=np.zeros(4)),
    _scaler("scale below 0", "has a scale_ with numbers", scale_=-np.ones(4)),
    _scaler("too wide", "has a mean_ of shape (5,), (4,) is needed", mean_=np.ones(5)),
    _scaler("mean inf", "has a mean_ with numbers that are not finite", mean_=np.full(4, np.inf)),
    _scaler("no mean", "has a mean_ that is no array", mean_=None),
    _scaler("switch of text", "has a with_std that is neither True nor False", with_std="yes"),
    _scaler("other width", "was fitted on another number", n_features_in_=9),
    _case("scaler: alone", lambda: fitted(StandardScaler()), "a StandardScaler alone"),
    _case(
        "pipeline: another scaler",
        lambda: fitted(make_pipeline(MinMaxScaler(), GaussianNB())),
        f"names sklearn.preprocessing._data.MinMaxScaler, {UNREAD}",
    ),
    _case(
        "pipeline: one step",
        lambda: fitted(make_pipeline(GaussianNB())),
        "Pipeline has the steps GaussianNB; needed: StandardScaler and a classifier",
    ),
    _case(
        "pipeline: two scalers",
        lambda: fitted(make_pipeline(StandardScaler(), StandardScaler(), GaussianNB())),
        "has the steps StandardScaler, StandardScaler, GaussianNB; needed",
    ),
    _case(
        "pipeline: a scaler before a calibrated scaler",
        lambda: fitted(make_pipeline(StandardScaler(), sample("calibrated pipeline"))),
        "StandardScaler is followed by another one",
    ),
    _case(
        "pipeline: steps that are no pairs",
        lambda: make_pipeline("passthrough").set_params(steps=["a", "b"]),
        "Pipeline has steps that are no pairs",
    ),
    _case(
        "pipeline: three classes",
        lambda: fitted(make_pipeline(StandardScaler(), GaussianNB()), THREE_CLASSES),
        "GaussianNB has 3 classes, 2 are needed",
    ),
]
CALIBRATED = [
    _case(
        "calibrated: an ensemble",
        lambda: fitted(CalibratedClassifierCV(SVC(), cv=3)),
        "CalibratedClassifierCV has 3 calibrated pairs: fit with ensemble=False, 1 is needed",
    ),
    _case(
        "calibrated: isotonic",
        lambda: fitted(CalibratedClassifierCV(SVC(), ensemble=False, method="isotonic")),
        f"names sklearn.isotonic.IsotonicRegression, {UNREAD}",
    ),
    _case(
        "calibrated: isotonic by name",
        lambda: _calibrated_with({"method": "isotonic"}, {}),
        "_CalibratedClassifier has the method isotonic, only sigmoid is read",
    ),
    _case(
        "calibrated: bayes",
        lambda: fitted(CalibratedClassifierCV(GaussianNB(), ensemble=False)),
        "a calibrated GaussianNB is not read",
    ),
    _case(
        "calibrated: slope NaN",
        lambda: _calibrated_with({}, {"a_": float("nan")}),
        "_SigmoidCalibration has a a_ that is no finite number",
    ),
    _case(
        "calibrated: no sigmoid",
        lambda: _calibrated_with({"calibrators": []}, {}),
        "_CalibratedClassifier has 0 calibrators, 1 is needed",
    ),
    _case(
        "calibrated: an svc for a sigmoid",
        lambda: _calibrated_with({"calibrators": [sample("svc, rbf")]}, {}),
        "_CalibratedClassifier is calibrated by a SVC, only sigmoid is read",
    ),
    _case(
        "calibrated: nothing in it",
        lambda: _calibrated_with({"estimator": None}, {}),
        "a NoneType stands where a fitted estimator is needed",
    ),
    _case(
        "calibrated: three classes",
        lambda: fitted(CalibratedClassifierCV(SVC(), ensemble=False, cv=3), THREE_CLASSES),
        "CalibratedClassifierCV has 3 classes, 2 are needed",
    ),
]
OTHERS = [
    _case(
        "a forest",
        lambda: fitted(RandomForestClassifier(2)),
        f"names sklearn.ensemble._forest.RandomForestClassifier, {UNREAD}",
    ),
]

CASES = [*SVCS, *LOGISTICS, *BAYES, *PIPELINES, *CALIBRATED, *OTHERS]
