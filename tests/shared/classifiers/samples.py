"""Small fitted classifiers of every kind that is read, and the layouts of older versions.

Each sample is made once per process; callers that change one get a copy.
"""

import copy
import io
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyPickler
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

N_FEATURES = 4
_RANDOM = np.random.default_rng(7)
TRAINING = _RANDOM.normal(size=(40, N_FEATURES)) * [1, 2, 0.5, 1] + [0, 1, 0, -1]
IS_OTHER = (TRAINING[:, 0] + 0.8 * _RANDOM.normal(size=40) > 0.2).astype(int)
VECTORS = _RANDOM.normal(size=(30, N_FEATURES)) * 2


def _platt(**settings: object) -> BaseEstimator:
    return SVC(probability=True, random_state=0, **settings)


def _calibrated(base: BaseEstimator, **settings: object) -> BaseEstimator:
    return CalibratedClassifierCV(base, ensemble=False, cv=3, **settings)


def _scaled(final: BaseEstimator, **settings: object) -> BaseEstimator:
    return make_pipeline(StandardScaler(**settings), final)


def _frozen() -> BaseEstimator:
    return CalibratedClassifierCV(FrozenEstimator(SVC().fit(TRAINING, IS_OTHER)), cv=3)


def _weighted() -> BaseEstimator:
    weights = dict(zip(np.unique(IS_OTHER), [1.0, 2.5], strict=True))
    generator = np.random.RandomState(0)
    return LogisticRegression(class_weight=weights, random_state=generator)


KINDS: dict[str, Callable[[], BaseEstimator]] = {
    "logistic": LogisticRegression,
    "logistic, liblinear": partial(LogisticRegression, solver="liblinear"),
    "logistic, no intercept": partial(LogisticRegression, solver="liblinear", fit_intercept=False),
    "logistic, weights and a generator": _weighted,
    "svc, rbf": _platt,
    "svc, linear": partial(_platt, kernel="linear"),
    "svc, poly": partial(_platt, kernel="poly", degree=2, coef0=0.5, gamma=0.3),
    "svc, sigmoid": partial(_platt, kernel="sigmoid", gamma=0.1),
    "svc, weights": partial(
        _platt, class_weight={0: 3, 1: 1}, decision_function_shape="ovo", break_ties=False
    ),
    "bayes": GaussianNB,
    "bayes, priors": partial(GaussianNB, priors=[0.2, 0.8]),
    "calibrated svc": lambda: _calibrated(SVC()),
    "calibrated svc, poly": lambda: _calibrated(SVC(kernel="poly", coef0=1)),
    "calibrated svc with Platt": lambda: _calibrated(_platt()),
    "calibrated svc, frozen": _frozen,
    "calibrated svc, splitter": lambda: CalibratedClassifierCV(
        SVC(), ensemble=False, cv=StratifiedKFold(3, shuffle=True, random_state=1)
    ),
    "calibrated logistic": lambda: _calibrated(LogisticRegression()),
    "calibrated pipeline": lambda: _calibrated(_scaled(SVC())),
    "pipeline, logistic": lambda: _scaled(LogisticRegression()),
    "pipeline, svc": lambda: _scaled(_platt()),
    "pipeline, bayes": lambda: _scaled(GaussianNB()),
    "pipeline, calibrated": lambda: _scaled(_calibrated(SVC())),
    "pipeline, no mean": lambda: _scaled(LogisticRegression(), with_mean=False),
    "pipeline, no scale": lambda: _scaled(LogisticRegression(), with_std=False),
    "pipeline, neither": lambda: _scaled(LogisticRegression(), with_std=False, with_mean=False),
}


def fitted(estimator: BaseEstimator, labels: NDArray[Any] = IS_OTHER) -> BaseEstimator:
    """Fit an estimator without the warnings that newer versions have for older ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return estimator.fit(TRAINING, labels)


@cache
def _sample(kind: str) -> BaseEstimator:
    return fitted(KINDS[kind]())


def sample(kind: str) -> BaseEstimator:
    """Return a fitted classifier of one of `KINDS`, free to be changed."""
    return copy.deepcopy(_sample(kind))


def changed(kind: str, **attributes: object) -> BaseEstimator:
    """Return a sample with some of its attributes replaced, or removed where they are None."""
    estimator = sample(kind)
    for name, value in attributes.items():
        if value is None:
            del estimator.__dict__[name]
        else:
            estimator.__dict__[name] = value
    return estimator


def dumped(value: object, **settings: object) -> bytes:
    """Return the bytes that joblib writes for a value."""
    target = io.BytesIO()
    joblib.dump(value, target, **settings)
    return target.getvalue()


class _OldPickler(NumpyPickler):  # type: ignore[misc]
    """Writes arrays as joblib did before 1.2: no padding, and no word about it."""

    def _create_array_wrapper(self, array: NDArray[Any]) -> NumpyArrayWrapper:
        wrapper = super()._create_array_wrapper(array)
        del wrapper.numpy_array_alignment_bytes
        return wrapper


def dumped_before_joblib_1_2(value: object) -> bytes:
    """Return the bytes that joblib 1.0 and 1.1 wrote for a value, with NumPy 1's names in them."""
    target = io.BytesIO()
    _OldPickler(target, protocol=2).dump(value)
    return target.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")


def in_old_layout(estimator: BaseEstimator) -> BaseEstimator:
    """Rename what scikit-learn 1.0 called differently, in a sample and in what it holds."""
    estimator = copy.deepcopy(estimator)
    for part in _parts(estimator):
        attributes = part.__dict__
        attributes.pop("_effective_probability", None)
        if type(part).__name__ == "LogisticRegression":
            attributes.update(multi_class="auto", penalty="l2", l1_ratio=None)
        if "Calibrated" in type(part).__name__:
            attributes["base_estimator"] = attributes.pop("estimator")
    return estimator


def _parts(estimator: BaseEstimator) -> list[BaseEstimator]:
    inner = [step for _, step in getattr(estimator, "steps", [])]
    pairs = getattr(estimator, "calibrated_classifiers_", [])
    inner += [*pairs, *(pair.estimator for pair in pairs)]
    return [estimator, *(part for one in inner for part in _parts(one))]
