"""All linear decisions at once: logistic regressions, linear SVMs, standardized ones too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.classifiers.estimators import Calibrated, Logistic, Standardized, SupportVectors
from shared.classifiers.fused.links import Link, Links, link_of, stacked
from shared.classifiers.fused.products import TiledMatrix, tiled
from shared.records import Floats

MAX_SHIFT = 1000.0


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
