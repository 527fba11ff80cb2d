"""Scikit-learn's handwritten digits as vectors, for what is promised of real pictures."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from shared.embedders.builtin import BuiltinEmbedder
from shared.training.fitting import Labels, fitted, tag_scores
from shared.training.selection import Labelled

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Digits:
    """``vectors`` (1797, 672) and the ``digits`` (1797,) that they show."""

    vectors: Floats
    digits: NDArray[np.int64]

    def labelled(self, digit: int, rows: NDArray[np.int64]) -> Labelled:
        """Some rows for one digit's tag: 0 where they show it."""
        return Labelled(rows, (self.digits[rows] != digit).astype(np.int64))


@cache
def embedded_digits() -> Digits:
    data = load_digits()
    grey = np.round(data.images * (255 / 16)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    vectors = BuiltinEmbedder().embed([Image.fromarray(one) for one in grey])
    return Digits(vectors.astype(np.float64), data.target)


def scores_of(model_type: str, digits: Digits, learnt: Labelled, rows: Labels) -> Floats:
    """Learn from some pictures and score others."""
    estimator = fitted(model_type, digits.vectors[learnt.rows], learnt.labels, seed=0)
    return tag_scores(estimator, digits.vectors[rows])
