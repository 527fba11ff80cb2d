"""Scores straight from the definitions in `shared.classifiers.estimators`, one vector at a time.

Slow and plain on purpose: it says what the arrays mean, so that a wrong sign in one is seen.
"""

import math

import numpy as np

from shared.classifiers.estimators import (
    Calibrated,
    Classifier,
    Estimator,
    Logistic,
    NaiveBayes,
    Standardized,
    SupportVectors,
    Trusted,
)
from shared.records import Floats


def tag_scores(classifier: Classifier, vectors: Floats) -> Floats:
    """Return the probability of the tag for each vector, shape (n,)."""
    return np.array([_tag_score(classifier.estimator, vector) for vector in vectors])


def _tag_score(estimator: Estimator, x: Floats) -> float:
    match estimator:
        case Standardized(mean, scale, final):
            return _tag_score(final, (x - mean) / scale)
        case Logistic():
            return _logistic(-_decision(estimator, x))
        case Calibrated(base, slope, offset):
            return _logistic(slope * _decision(base, x) + offset)
        case NaiveBayes(mean, variance, log_prior):
            terms = -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)
            tag, other = log_prior + terms.sum(axis=1)
            return _logistic(tag - other)
        case SupportVectors(platt=(slope, offset)):
            # libsvm's own decision is positive for the first class.
            pairwise = _logistic(slope * _decision(estimator, x) - offset)
            return _coupled(min(max(pairwise, 1e-7), 1 - 1e-7))
        case Trusted(predict_proba):
            return float(predict_proba(x[None])[0, 0])
    raise AssertionError(estimator)


def _decision(base: Logistic | SupportVectors, x: Floats) -> float:
    if isinstance(base, Logistic):
        return float(x @ base.coef) + base.intercept
    dots = base.support_vectors @ x
    return float(base.dual_coef @ _kernel(base, dots, x)) + base.intercept


def _kernel(base: SupportVectors, dots: Floats, x: Floats) -> Floats:
    match base.kernel:
        case "linear":
            return dots
        case "poly":
            return (base.gamma * dots + base.coef0) ** base.degree
        case "sigmoid":
            return np.tanh(base.gamma * dots + base.coef0)
        case "rbf":
            distances = ((base.support_vectors - x) ** 2).sum(axis=1)
            return np.asarray(np.exp(-base.gamma * distances))


def _logistic(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))


def _coupled(pairwise: float) -> float:
    """Couple pairwise probabilities by the second method of Wu, Lin and Weng (2004), for k = 2.

    It minimises the sum of ``(r_ji p_i - r_ij p_j)**2`` by sweeps over the coordinates, and stops
    once all of ``Qp`` are within 0.005 / k of ``pQp``, at most after 100 sweeps, as libsvm does.
    """
    q = np.array([[(1 - pairwise) ** 2, -pairwise * (1 - pairwise)], [0, pairwise**2]])
    q[1, 0] = q[0, 1]
    p = np.array([0.5, 0.5])
    for _ in range(100):
        if np.abs(q @ p - p @ q @ p).max() < 0.005 / 2:
            break
        for t in range(2):
            p[t] += (p @ q @ p - (q @ p)[t]) / q[t, t]
            p /= p.sum()
    assert math.isclose(p.sum(), 1)
    return float(p[0])
