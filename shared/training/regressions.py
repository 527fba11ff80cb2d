"""Logistic regressions over many pictures: scikit-learn's loss and solver, in single precision.

Hundreds are made to judge one classifier; what scikit-learn does around them took half the time.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from shared.records import Floats

Singles: TypeAlias = NDArray[np.float32]
TOLERANCE = 1e-4
"""Scikit-learn's. The solver stops early there: from another start it would end elsewhere."""
MAX_ITERATIONS = 1000
MAX_TRIES = 50
"""On the way along one direction."""
LEAST_GAIN = 64 * float(np.finfo(np.float64).eps)


def regression(vectors: Singles, labels: NDArray[np.int64]) -> tuple[Singles, float]:
    """Fit a logistic regression with a penalty of 1 on half of its squared length.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_images, n_features)
        Finite numbers, about 10 in length.
    labels : ndarray of int64, shape (n_images,)
        0 for the tag and 1 for other.

    Returns
    -------
    ndarray of float32, shape (n_features,), and float
        Weights and offset; their sum with a vector is positive for other.
    """
    signs = np.where(labels == 1, 1, -1).astype(np.float32)

    def loss(point: Floats) -> tuple[float, Floats]:
        """Mean loss with its penalty, and the gradient."""
        weights, offset = point[:-1], np.float32(point[-1])
        margins = signs * (vectors @ weights.astype(np.float32) + offset)
        tails = np.exp(-np.abs(margins))  # no larger than 1
        lost = np.log1p(tails).sum(dtype=np.float64) - np.minimum(margins, 0).sum(dtype=np.float64)
        pulls = -signs * np.where(margins < 0, 1, tails) / (1 + tails)
        gradient = np.append(pulls @ vectors + weights, pulls.sum(dtype=np.float64))
        return (float(lost) + float(weights @ weights) / 2) / len(labels), gradient / len(labels)

    found = minimize(
        loss,
        np.zeros(vectors.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={
            "gtol": TOLERANCE,
            "ftol": LEAST_GAIN,
            "maxiter": MAX_ITERATIONS,
            "maxls": MAX_TRIES,
        },
    ).x
    return found[:-1].astype(np.float32), float(found[-1])
