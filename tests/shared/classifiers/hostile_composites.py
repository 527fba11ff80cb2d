"""Pipelines and calibrated classifiers that were tampered with, or are put together otherwise.

Add a line to add a case: name, bytes, why it is refused.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from tests.shared.classifiers.hostile_cases import THREE_CLASSES, UNREAD, Case, estimator_case
from tests.shared.classifiers.samples import fitted, sample


def _scaler(name: str, expected: str, **attributes: object) -> Case:
    return estimator_case(
        f"scaler: {name}", lambda: _pipeline_with(attributes), f"StandardScaler: {expected}"
    )


def _with(estimator: BaseEstimator, /, **attributes: object) -> BaseEstimator:
    estimator.__dict__.update(attributes)
    return estimator


def _pipeline_with(attributes: dict[str, object]) -> BaseEstimator:
    pipeline = sample("pipeline, logistic")
    _with(pipeline.steps[0][1], **attributes)
    return pipeline


def _calibrated_with(**attributes: object) -> BaseEstimator:
    estimator = sample("calibrated svc")
    _with(estimator.calibrated_classifiers_[0], **attributes)
    return estimator


def _steep() -> BaseEstimator:
    estimator = sample("calibrated svc")
    _with(estimator.calibrated_classifiers_[0].calibrators[0], a_=float("nan"))
    return estimator


PIPELINES = [
    _scaler("scale of 0", "scale_ holds numbers that are not above 0", scale_=np.zeros(4)),
    _scaler("scale below 0", "scale_ holds numbers", scale_=-np.ones(4)),
    _scaler("too wide", "mean_ has shape (5,), needed: (4,)", mean_=np.ones(5)),
    _scaler("mean inf", "mean_ holds numbers that are not finite", mean_=np.full(4, np.inf)),
    _scaler("no mean", "mean_ is no array", mean_=None),
    _scaler("switch of text", "with_std is neither True nor False", with_std="yes"),
    _scaler("other width", "n_features_in_ is not 4", n_features_in_=9),
    estimator_case("scaler: alone", lambda: fitted(StandardScaler()), "a StandardScaler alone"),
    estimator_case(
        "pipeline: another scaler",
        lambda: fitted(make_pipeline(MinMaxScaler(), GaussianNB())),
        f"names sklearn.preprocessing._data.MinMaxScaler, {UNREAD}",
    ),
    estimator_case(
        "pipeline: one step",
        lambda: fitted(make_pipeline(GaussianNB())),
        "Pipeline: steps are GaussianNB; needed: StandardScaler and a classifier",
    ),
    estimator_case(
        "pipeline: two scalers",
        lambda: fitted(make_pipeline(StandardScaler(), StandardScaler(), GaussianNB())),
        "steps are StandardScaler, StandardScaler, GaussianNB; needed",
    ),
    estimator_case(
        "pipeline: a scaler before a calibrated scaler",
        lambda: fitted(make_pipeline(StandardScaler(), sample("calibrated pipeline"))),
        "StandardScaler: another one follows it",
    ),
    estimator_case(
        "pipeline: steps that are no pairs",
        lambda: _with(make_pipeline(GaussianNB()), steps=["a", "b"]),
        "Pipeline: steps are no pairs of name and step",
    ),
    estimator_case(
        "pipeline: three classes",
        lambda: fitted(make_pipeline(StandardScaler(), GaussianNB()), THREE_CLASSES),
        "GaussianNB: 3 classes, 2 are needed",
    ),
]
CALIBRATED = [
    estimator_case(
        "calibrated: an ensemble",
        lambda: fitted(CalibratedClassifierCV(SVC(), cv=3)),
        "calibrated_classifiers_ has 3 items, needed: 1 (fit with ensemble=False)",
    ),
    estimator_case(
        "calibrated: isotonic",
        lambda: fitted(CalibratedClassifierCV(SVC(), ensemble=False, method="isotonic")),
        f"names sklearn.isotonic.IsotonicRegression, {UNREAD}",
    ),
    estimator_case(
        "calibrated: isotonic by name",
        lambda: _calibrated_with(method="isotonic"),
        "CalibratedClassifierCV: the method isotonic is not read, only sigmoid is",
    ),
    estimator_case(
        "calibrated: bayes",
        lambda: fitted(CalibratedClassifierCV(GaussianNB(), ensemble=False)),
        "a calibrated GaussianNB is not read",
    ),
    estimator_case(
        "calibrated: slope NaN",
        _steep,
        "_SigmoidCalibration: a_ is no finite number",
    ),
    estimator_case(
        "calibrated: no sigmoid",
        lambda: _calibrated_with(calibrators=[]),
        "_CalibratedClassifier: calibrators has 0 items, needed: 1",
    ),
    estimator_case(
        "calibrated: an svc for a sigmoid",
        lambda: _calibrated_with(calibrators=[sample("svc, rbf")]),
        "CalibratedClassifierCV: calibrated by a SVC, only sigmoid is read",
    ),
    estimator_case(
        "calibrated: nothing in it",
        lambda: _calibrated_with(estimator=None),
        "a NoneType stands where a fitted estimator is needed",
    ),
    estimator_case(
        "calibrated: three classes",
        lambda: fitted(CalibratedClassifierCV(SVC(), ensemble=False, cv=3), THREE_CLASSES),
        "CalibratedClassifierCV: 3 classes, 2 are needed",
    ),
]
