"""Scikit-learn's estimators, fitted: the same input gives the same numbers on any number of cores.

Class 0 is the tag, class 1 is other. The probabilities are calibrated with Platt's sigmoid on
decisions about images that were put aside (J. Platt, "Probabilistic outputs for support vector
machines", 1999).
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC
from threadpoolctl import ThreadpoolController

from shared.records import Floats
from shared.training.machines import Machines, TooManyError
from shared.training.regressions import Singles, regression

MAX_FOLDS = 5
MIN_TO_CALIBRATE = 10
"""With fewer images of either side a fold has one or none of it, and a sigmoid is a guess."""
MAX_ITERATIONS = 1000
SVM_PENALTY = 10.0
NO_PENALTY = 1e6
GRADIENT = 1e-9
TINY = 1e-12
USUAL_LENGTH = 10
"""Of a vector of CLIP or the builtin embedder; scikit-learn's penalty suits such vectors."""

MANY = 2000
"""With fewer images scikit-learn learns from all of them at once in no time."""
Vectors: TypeAlias = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
Places = NDArray[np.intp]
Divided = Iterator[tuple[Places, Places]]


def can_calibrate(labels: Labels, groups: Labels | None = None) -> bool:
    """Whether there are enough images of both sides to calibrate and to cross-validate.

    Images of one of the ``groups`` (n_images,), near copies, count as one.
    """
    counted = labels if groups is None else _of_groups(labels, groups)[0]
    return int(np.bincount(counted, minlength=2).min()) >= MIN_TO_CALIBRATE


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A classifier whose ``predict_proba`` gives the probability of the tag in column 0.

    ``decisions`` (n_images,), positive for other, are about each image that it has learnt from, by
    a classifier of the same kind that has not; None where there are too few images.
    """

    estimator: Any
    decisions: Floats | None


def usual_scale(vectors: Vectors) -> float:
    """Find the power of two that makes vectors (n_images, n_features) about `USUAL_LENGTH` long.

    Those of clip-retrieval are of length 1, where the penalty would keep a logistic regression
    from learning much. A power of two changes no digit of what is computed.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    length = float(np.sqrt(squares.mean()))
    return 2.0 ** round(math.log2(USUAL_LENGTH / length)) if length else 1.0


def usual(vectors: Vectors, scale: float) -> Singles:
    """Scale vectors (n_images, n_features) by a power of two, in single precision."""
    # The power may be too large for that, what comes of it is not.
    scaled = np.ldexp(vectors, round(math.log2(scale)))
    return np.asarray(scaled, np.float32)


def fitted(
    model_type: str, vectors: Vectors, labels: Labels, seed: int, groups: Labels | None = None
) -> Fitted:
    """Fit a classifier, calibrated where there are enough images.

    A support vector machine has no probability of its own and is calibrated in any case.
    Calibration and cross-validation share decisions: they take most of the time.

    Parameters
    ----------
    model_type : str
        One of `MODEL_TYPES`.
    vectors : ndarray of float32 or float64, shape (n_images, n_features)
        Finite numbers.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other, at least two of each.
    seed : int
        Decides how the images are divided.
    groups : ndarray of int64, shape (n_images,), optional
        The same for near copies, which are put aside together.
    """
    is_enough = can_calibrate(labels, groups)
    with reproducible():
        teacher = _teacher(model_type, vectors, labels, seed)
        estimator = teacher.taught()
        if not (is_enough or isinstance(estimator, SVC)):
            return Fitted(estimator, None)
        divided = iter_divided(_folds(labels, seed), labels, groups if is_enough else None)
        decisions = _decisions(teacher, labels, divided)
        unfitted = MODEL_TYPES[model_type](seed)
        calibrated = _calibrated(unfitted, estimator, labels, decisions, _folds(labels, seed))
    return Fitted(calibrated, decisions if is_enough else None)


def tag_scores(estimator: Any, vectors: Vectors) -> Floats:  # noqa: ANN401
    """P(tag) of vectors (n_images, n_features), shape (n_images,)."""
    with _one_thread():
        return np.asarray(estimator.predict_proba(vectors.astype(np.float64))[:, 0], np.float64)


def cross_validated_scores(
    decisions: Floats, labels: Labels, seed: int, groups: Labels | None = None
) -> Floats:
    """P(tag) of each image from a classifier and a sigmoid that were not fitted to it.

    All but blind: the other images' decisions, which the sigmoid is fitted to, come from
    classifiers that did learn from the image.

    Parameters
    ----------
    decisions : ndarray of float64, shape (n_images,)
        From `fitted`, with the same seed.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other; `can_calibrate` must hold.
    seed, groups
        As of `fitted`.

    Returns
    -------
    ndarray of float64, shape (n_images,)
    """
    scores = np.empty(len(labels))
    with reproducible():
        for learnt, put_aside in iter_divided(_folds(labels, seed), labels, groups):
            slope, offset = sigmoid(decisions[learnt], labels[learnt])
            scores[put_aside] = 1 / (1 + np.exp(slope * decisions[put_aside] + offset))
    return scores


def sigmoid(decisions: Floats, labels: Labels) -> tuple[float, float]:
    """Fit ``P(tag) = 1 / (1 + exp(slope * decision + offset))`` to Platt's softened labels.

    By Newton's method (H.-T. Lin, C.-J. Lin, R. Weng, "A note on Platt's probabilistic outputs for
    support vector machines", 2007).

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
    columns = np.stack([decisions / scale, np.ones(len(decisions))])
    ridge = np.array([1 / NO_PENALTY, 0])
    line = np.array([0, math.log((n_other + 1) / (n_tag + 1))])
    for _ in range(MAX_ITERATIONS):
        found = np.exp(-np.logaddexp(0, -(line @ columns)))
        gradient = columns @ (found - p_other) + ridge * line
        if np.abs(gradient).max() <= GRADIENT * len(labels):
            break
        curvature = (columns * (found * (1 - found))) @ columns.T + np.diag(ridge + TINY)
        step = np.linalg.solve(curvature, gradient)
        before = _loss(line, columns, p_other, ridge)
        while _loss(line - step, columns, p_other, ridge) > before:
            step /= 2
        line = line - step
    return float(line[0]) / scale, float(line[1])


def _loss(line: Floats, columns: Floats, p_other: Floats, ridge: Floats) -> float:
    """Log loss of a line, and what its slope costs."""
    sums = line @ columns
    return float((np.logaddexp(0, sums) - p_other * sums).sum() + (ridge * line**2).sum() / 2)


def _decisions(teacher: "_Teacher", labels: Labels, divided: Divided) -> Floats:
    decisions = np.empty(len(labels))
    for learnt, put_aside in divided:
        decisions[put_aside] = teacher.decided(learnt, put_aside)
    return decisions


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
    estimator: Any,  # noqa: ANN401
    labels: Labels,
    decisions: Floats,
    folds: StratifiedKFold,
) -> Any:  # noqa: ANN401
    """Make what scikit-learn's calibration makes, without fitting all folds once more."""
    calibrated = CalibratedClassifierCV(_Decided(), method="sigmoid", cv=folds, ensemble=False)
    calibrated.fit(decisions[:, np.newaxis], labels)
    (pair,) = calibrated.calibrated_classifiers_
    pair.estimator = estimator
    calibrated.estimator = unfitted
    calibrated.n_features_in_ = estimator.n_features_in_
    return calibrated


class _Teacher(Protocol):
    """Knows how a type of classifier learns from one tag's images."""

    def decided(self, learnt: Places, put_aside: Places) -> Floats:
        """Learn from some images and decide about others, (n_put_aside,)."""
        ...

    def taught(self) -> Any:  # noqa: ANN401
        """Learn from all; the estimator takes vectors as they came."""
        ...


def _teacher(model_type: str, vectors: Vectors, labels: Labels, seed: int) -> _Teacher:
    unfitted = MODEL_TYPES[model_type](seed)
    if len(labels) < MANY:
        return _Straight(unfitted, vectors, labels)
    if isinstance(unfitted, SVC):
        return _FewMatter(unfitted, vectors, labels)
    return _Regressions(unfitted, vectors, labels)


class _Straight:
    """Learns as scikit-learn does, from vectors of the usual length."""

    def __init__(self, unfitted: Any, vectors: Vectors, labels: Labels) -> None:  # noqa: ANN401
        self._unfitted, self._labels = unfitted, labels
        self._vectors = vectors.astype(np.float64)
        self._scale = usual_scale(vectors)
        self._scaled = self._vectors * self._scale

    def decided(self, learnt: Places, put_aside: Places) -> Floats:
        estimator = clone(self._unfitted).fit(self._scaled[learnt], self._labels[learnt])
        return np.asarray(estimator.decision_function(self._scaled[put_aside]), np.float64)

    def taught(self) -> Any:  # noqa: ANN401
        if isinstance(self._unfitted, SVC):  # its kernel is scaled by the variance
            return clone(self._unfitted).fit(self._vectors, self._labels)
        estimator = clone(self._unfitted).fit(self._scaled, self._labels)
        estimator.coef_ *= self._scale
        return estimator


class _Regressions:
    """Learns logistic regressions from many images; decisions are the same to the fourth digit."""

    def __init__(self, unfitted: Any, vectors: Vectors, labels: Labels) -> None:  # noqa: ANN401
        self._unfitted, self._labels = unfitted, labels
        self._scale = usual_scale(vectors)
        self._scaled = usual(vectors, self._scale)

    def decided(self, learnt: Places, put_aside: Places) -> Floats:
        weights, offset = regression(self._scaled[learnt], self._labels[learnt])
        return (self._scaled @ weights)[put_aside].astype(np.float64) + offset

    def taught(self) -> Any:  # noqa: ANN401
        estimator = clone(self._unfitted).fit(self._scaled, self._labels)
        estimator.coef_ = estimator.coef_.astype(np.float64) * self._scale
        estimator.intercept_ = estimator.intercept_.astype(np.float64)
        return estimator


class _FewMatter:
    """Learns a support vector machine from those of many images that matter, where they are few."""

    def __init__(self, unfitted: SVC, vectors: Vectors, labels: Labels) -> None:
        self._unfitted, self._vectors, self._labels = unfitted, vectors, labels
        self._scale = usual_scale(vectors)
        self._machines = Machines(usual(vectors, self._scale), labels, unfitted.C)

    def decided(self, learnt: Places, put_aside: Places) -> Floats:
        mask = np.zeros(len(self._labels), np.bool_)
        mask[learnt] = True
        try:
            return self._machines.solved(mask).decisions[put_aside]
        except TooManyError:
            return self._straight().decided(learnt, put_aside)

    def _straight(self) -> _Straight:
        return _Straight(self._unfitted, self._vectors, self._labels)

    def taught(self) -> Any:  # noqa: ANN401
        try:
            support = self._machines.solved(np.ones(len(self._labels), np.bool_)).support
        except TooManyError:
            return self._straight().taught()
        machine = SVC(C=SVM_PENALTY, gamma=self._machines.gamma * self._scale**2)
        machine.fit(self._vectors[support], self._labels[support])
        machine.support_ = support[machine.support_].astype(machine.support_.dtype)
        machine.shape_fit_ = self._vectors.shape
        return machine


def iter_divided(folds: Any, labels: Labels, groups: Labels | None) -> Divided:  # noqa: ANN401
    """Yield what is learnt and what is put aside by folds of scikit-learn.

    Near copies stay together, and count as one image, which has the tag where one of them has it.
    """
    if groups is None:
        yield from folds.split(labels, labels)
        return
    of_groups, members = _of_groups(labels, groups)
    for _, put_aside in folds.split(of_groups, of_groups):
        mask = np.isin(members, put_aside)
        yield np.flatnonzero(~mask), np.flatnonzero(mask)


def _of_groups(labels: Labels, groups: Labels) -> tuple[Labels, Places]:
    """Label groups (n_groups,), and tell which one each image is of, (n_images,)."""
    names, members = np.unique(groups, return_inverse=True)
    of_groups = np.ones(len(names), np.int64)
    np.minimum.at(of_groups, members, labels)
    return of_groups, members


def _folds(labels: Labels, seed: int) -> StratifiedKFold:
    n_folds = min(MAX_FOLDS, int(np.bincount(labels).min()))
    return StratifiedKFold(n_folds, shuffle=True, random_state=seed)


@cache  # what libraries there are is slow to find out
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> AbstractContextManager[object]:
    limit: AbstractContextManager[object] = _threads().limit(limits=1)
    return limit


@contextmanager
def reproducible() -> Iterator[None]:
    """Compute with one thread, and without warnings of what some data bring along."""
    # With several threads BLAS adds in another order, and on few images it is slower besides.
    with _one_thread(), warnings.catch_warnings():
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
