"""All Gaussian naive Bayes classifiers at once, by matrix products.

The log-odds of "other" are a quadratic form of the vector: ``x**2 @ a + x @ b + c``. It loses
digits where a variance is tiny; the few scores that this could show in are computed term by term.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.estimators import Floats, NaiveBayes
from shared.scoring.tiles import TiledMatrix, iter_pairs, tiled

# The log-odds' error, as a part of the sum of their terms' sizes, and up to where it is borne.
LOG_ODDS_ERROR = 1e-15
MAX_TERMS = 10_000.0
# Beyond these log-odds the probability is 0 or 1 to 17 digits.
DECIDED = 40.0
MAX_PAIRS = 4096


@dataclass(frozen=True, eq=False, slots=True)
class BayesScorer:
    """Naive Bayes classifiers side by side.

    ``centre`` is (n_features,), ``constant`` and ``constant_terms`` (n_classifiers,); ``terms`` is
    the form of the sum of sizes, which bounds rounding; ``mean``, ``variance`` are
    (2, n_classifiers, n_features) and ``log_weight`` is (2, n_classifiers).
    """

    centre: Floats
    square: TiledMatrix
    linear: TiledMatrix
    constant: Floats
    terms: TiledMatrix
    constant_terms: Floats
    mean: Floats
    variance: Floats
    log_weight: Floats

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        centred = rows - self.centre
        squares = np.square(centred)
        log_odds = self.square.product(squares) + self.linear.product(centred) + self.constant
        terms = self.terms.product(squares) + self.constant_terms
        # Said by "not", so that what overflowed to NaN is computed again too.
        open_ = ~(np.abs(log_odds) > DECIDED + LOG_ODDS_ERROR * terms)
        for row, column in iter_pairs(open_ & ~(terms <= MAX_TERMS), MAX_PAIRS):
            log_odds[row, column] = self._log_odds(rows[row], column)
        return 1 / (1 + np.exp(log_odds))

    def _log_odds(self, vectors: Floats, columns: NDArray[np.intp]) -> Floats:
        """Log-odds of "other", one vector and one classifier each, as the definition has it."""
        tag, other = (
            self.log_weight[label, columns]
            - 0.5
            * (np.square(vectors - self.mean[label, columns]) / self.variance[label, columns]).sum(
                axis=1
            )
            for label in (0, 1)
        )
        return np.asarray(other - tag)


def bayes_scorer(estimators: Sequence[NaiveBayes]) -> BayesScorer:
    """Put naive Bayes classifiers side by side."""
    mean = np.stack([estimator.mean for estimator in estimators], axis=1)
    variance = np.stack([estimator.variance for estimator in estimators], axis=1)
    log_prior = np.stack([estimator.log_prior for estimator in estimators], axis=1)
    log_weight = log_prior - 0.5 * np.log(2 * np.pi * variance).sum(axis=2)
    centre = mean.mean(axis=(0, 1))
    shift, precision = mean - centre, 1 / variance
    squared_shift = np.square(shift) * precision
    return BayesScorer(
        centre=centre,
        square=tiled(-0.5 * _other_less_tag(precision).T),
        linear=tiled(_other_less_tag(shift * precision).T),
        constant=_other_less_tag(log_weight - 0.5 * squared_shift.sum(axis=2)),
        terms=tiled(precision.sum(axis=0).T),
        constant_terms=squared_shift.sum(axis=(0, 2)) + np.abs(log_weight).sum(axis=0),
        mean=mean,
        variance=variance,
        log_weight=log_weight,
    )


def _other_less_tag(pair: Floats) -> Floats:
    tag, other = pair
    return np.asarray(other - tag)
