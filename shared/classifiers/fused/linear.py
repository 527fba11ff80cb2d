"""All linear decisions at once, and the links that make a probability of a decision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import Calibrated, Logistic, Standardized, SupportVectors
from shared.classifiers.fused.products import TiledMatrix, tiled
from shared.records import Floats

# libsvm's constants, svm_predict_probability and multiclass_probability with two classes.
MIN_PROBABILITY = 1e-7
MAX_ITERATIONS = 100
TOLERANCE = 0.005 / 2
MAX_SHIFT = 1000.0


@dataclass(frozen=True, slots=True)
class Link:
    """``P(tag) = 1 / (1 + exp(slope * decision + offset))``, where ``coupled`` then by iteration.

    The decision is positive for "other".
    """

    slope: float
    offset: float
    coupled: bool


@dataclass(frozen=True, eq=False, slots=True)
class Links:
    """Links of several classifiers, as arrays of shape (n_classifiers,)."""

    slope: Floats
    offset: Floats
    coupled: NDArray[np.bool_]

    def tag_probability(self, decisions: Floats) -> Floats:
        """P(tag) of decisions (n_images, n_classifiers), in the same shape."""
        probability = 1 / (1 + np.exp(decisions * self.slope + self.offset))
        if self.coupled.any():
            probability[:, self.coupled] = coupled_probability(probability[:, self.coupled])
        return probability


def link_of(estimator: Logistic | SupportVectors | Calibrated) -> Link:
    """Link of an estimator that decides first; ValueError for an SVM that has no probability."""
    if isinstance(estimator, Logistic):
        return Link(1.0, 0.0, coupled=False)
    if isinstance(estimator, Calibrated):
        return Link(-estimator.slope, -estimator.offset, coupled=False)
    if estimator.platt is None:
        message = "an SVM without Platt's two numbers and without calibration has no probability"
        raise ValueError(message)
    # libsvm's decision has the other sign, and its sigmoid is P(first class): the tag.
    slope, offset = estimator.platt
    return Link(-slope, offset, coupled=True)


def stacked(links: Sequence[Link]) -> Links:
    """Put links side by side."""
    return Links(
        np.array([link.slope for link in links]),
        np.array([link.offset for link in links]),
        np.array([link.coupled for link in links]),
    )


def coupled_probability(pairwise: Floats) -> Floats:
    """P(tag) as libsvm gives it, from the sigmoid's value.

    libsvm couples pairwise probabilities by an iteration (Wu, Lin and Weng 2004, method 2), for
    two classes too, and stops early: its result differs from the sigmoid by up to 5e-3.

    Parameters
    ----------
    pairwise : ndarray of float64, any shape
        Value of the sigmoid, 0 to 1.

    Returns
    -------
    ndarray of float64, same shape
        P(tag), the same as libsvm's but for rounding.
    """
    result = np.empty(pairwise.size)
    ours = np.clip(pairwise.ravel(), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    state = _Coupling.start(ours)
    active = np.arange(ours.size)
    for _ in range(MAX_ITERATIONS):
        going = state.unfinished()
        result[active[~going]] = state.tag[~going]
        active, state = active[going], state.only(going)
        if not active.size:
            break
        state.step()
    result[active] = state.tag
    return result.reshape(pairwise.shape)


@dataclass(eq=False, slots=True)
class _Coupling:
    """The iteration's numbers for many pairs at once: ``q`` is its matrix, the rest its vectors."""

    q_tag: Floats
    q_other: Floats
    q_cross: Floats
    tag: Floats
    other: Floats

    @classmethod
    def start(cls, ours: Floats) -> "_Coupling":
        theirs = 1 - ours
        half = np.full_like(ours, 0.5)
        return cls(theirs * theirs, ours * ours, -(theirs * ours), half, half.copy())

    def only(self, chosen: NDArray[np.bool_]) -> "_Coupling":
        if chosen.all():
            return self
        return _Coupling(
            self.q_tag[chosen],
            self.q_other[chosen],
            self.q_cross[chosen],
            self.tag[chosen],
            self.other[chosen],
        )

    def unfinished(self) -> NDArray[np.bool_]:
        slope_tag, slope_other, level = self._gradient()
        error = np.maximum(np.abs(slope_tag - level), np.abs(slope_other - level))
        return error >= TOLERANCE

    def step(self) -> None:
        slope_tag, slope_other, level = self._gradient()
        change = (level - slope_tag) / self.q_tag
        scale = 1 + change
        level = (level + change * (change * self.q_tag + 2 * slope_tag)) / scale / scale
        slope_other = (slope_other + change * self.q_cross) / scale
        self.tag, self.other = (self.tag + change) / scale, self.other / scale
        change = (level - slope_other) / self.q_other
        scale = 1 + change
        self.tag, self.other = self.tag / scale, (self.other + change) / scale

    def _gradient(self) -> tuple[Floats, Floats, Floats]:
        slope_tag = self.q_tag * self.tag + self.q_cross * self.other
        slope_other = self.q_cross * self.tag + self.q_other * self.other
        return slope_tag, slope_other, self.tag * slope_tag + self.other * slope_other


@dataclass(frozen=True, eq=False, slots=True)
class LinearColumn:
    """One linear decision ``x @ coef + intercept`` and its link."""

    coef: Floats
    intercept: float
    link: Link


@dataclass(frozen=True, eq=False, slots=True)
class LinearScorer:
    """Linear decisions in one product; ``intercepts`` is (n_classifiers,)."""

    coefs: TiledMatrix
    intercepts: Floats
    links: Links

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        return self.links.tag_probability(self.coefs.product(rows) + self.intercepts)


def linear_scorer(columns: Sequence[LinearColumn]) -> LinearScorer:
    """Put linear decisions side by side."""
    return LinearScorer(
        tiled(np.stack([column.coef for column in columns], axis=1)),
        np.array([column.intercept for column in columns]),
        stacked([column.link for column in columns]),
    )


def linear_column(estimator: object) -> LinearColumn | None:
    """Linear form of an estimator, or None where it has none that is as exact as the estimator."""
    if isinstance(estimator, Standardized):
        column = linear_column(estimator.final)
        return column and _unstandardized(column, estimator)
    base = estimator.base if isinstance(estimator, Calibrated) else estimator
    if isinstance(base, Logistic):
        coef, intercept = base.coef, base.intercept
    elif isinstance(base, SupportVectors) and base.kernel == "linear":
        coef, intercept = base.dual_coef @ base.support_vectors, base.intercept
    else:
        return None
    assert isinstance(estimator, Logistic | SupportVectors | Calibrated)
    return LinearColumn(coef, intercept, link_of(estimator))


def _unstandardized(column: LinearColumn, standard: Standardized) -> LinearColumn | None:
    """Move mean and scale into coefficients, unless the shift is so large that digits are lost."""
    coef = column.coef / standard.scale
    if not np.abs(coef * standard.mean).sum() <= MAX_SHIFT:
        return None
    return LinearColumn(coef, column.intercept - float(standard.mean @ coef), column.link)
