"""All Gaussian naive Bayes classifiers at once, by matrix products.

The log-odds of "other" are a quadratic form of the vector: ``x**2 @ a + x @ b + c``. It loses
digits where a variance is tiny; the few scores that this could show in are computed term by term.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import NaiveBayes
from shared.classifiers.fused.products import TiledMatrix, iter_pairs, tiled
from shared.records import Floats

# The log-odds' error, as a part of the sum of their terms' sizes, and up to where it is borne.
LOG_ODDS_ERROR = 1e-15
MAX_SIZE = 10_000.0
# Beyond these log-odds the probability is 0 or 1 to 17 digits.
DECIDED = 40.0
MAX_PAIRS = 4096


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """The classifiers as they are defined: arrays (2, n_classifiers, n_features), the tag first.

    ``log_prior`` and ``log_peak``, the log-density at the mean, are (2, n_classifiers).
    """

    mean: Floats
    variance: Floats
    log_prior: Floats
    log_peak: Floats

    def tag_probability(self, vectors: Floats, columns: NDArray[np.intp]) -> Floats:
        """P(tag), one vector and one classifier each, rounded as scikit-learn rounds it."""
        tag, other = (
            self.log_prior[label, columns]
            + (self.log_peak[label, columns] - 0.5 * self._squares(vectors, label, columns))
            for label in (0, 1)
        )
        most = np.maximum(tag, other)
        total = most + np.log(np.exp(tag - most) + np.exp(other - most))
        return np.asarray(np.exp(tag - total))

    def _squares(self, vectors: Floats, label: int, columns: NDArray[np.intp]) -> Floats:
        difference = vectors - self.mean[label, columns]
        return np.asarray((difference**2 / self.variance[label, columns]).sum(axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class BayesScorer:
    """Naive Bayes classifiers side by side.

    ``centre`` is (n_features,), ``constant`` and ``constant_size`` are (n_classifiers,). ``size``
    and ``constant_size`` give the sum of the sizes of all terms, which bounds rounding.
    """

    centre: Floats
    square: TiledMatrix
    linear: TiledMatrix
    constant: Floats
    size: TiledMatrix
    constant_size: Floats
    terms: Terms

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        centred = rows - self.centre
        squares = np.square(centred)
        log_odds = self.square.product(squares) + self.linear.product(centred) + self.constant
        size = self.size.product(squares) + self.constant_size
        probability = 1 / (1 + np.exp(log_odds))
        # Said by "not", so that what overflowed to NaN is computed again too.
        decided = np.abs(log_odds) > DECIDED + LOG_ODDS_ERROR * size
        for row, column in iter_pairs(~decided & ~(size <= MAX_SIZE), MAX_PAIRS):
            probability[row, column] = self.terms.tag_probability(rows[row], column)
        return probability


def bayes_scorer(estimators: Sequence[NaiveBayes]) -> BayesScorer:
    """Put naive Bayes classifiers side by side."""
    mean = np.stack([estimator.mean for estimator in estimators], axis=1)
    variance = np.stack([estimator.variance for estimator in estimators], axis=1)
    log_prior = np.stack([estimator.log_prior for estimator in estimators], axis=1)
    log_peak = -0.5 * np.log(2 * np.pi * variance).sum(axis=2)
    centre = mean.mean(axis=(0, 1))
    shift, precision = mean - centre, 1 / variance
    squared_shift = (shift**2 * precision).sum(axis=2)
    return BayesScorer(
        centre=centre,
        square=tiled(-0.5 * _other_less_tag(precision).T),
        linear=tiled(_other_less_tag(shift * precision).T),
        constant=_other_less_tag(log_prior + log_peak - 0.5 * squared_shift),
        size=tiled(precision.sum(axis=0).T),
        constant_size=(squared_shift + np.abs(log_peak)).sum(axis=0),
        terms=Terms(mean, variance, log_prior, log_peak),
    )


def _other_less_tag(pair: Floats) -> Floats:
    tag, other = pair
    return np.asarray(other - tag)
