"""Scikit-learn's handwritten digits as vectors, for what is promised of real pictures."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from shared.pictures.embedders.builtin import BuiltinEmbedder
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
    return Digits(_embedded(data.images), data.target)


@cache
def shifted_digits() -> Digits:
    """All digits once more, a pixel further right: others of the kind, where many are wanted."""
    data = load_digits()
    shifted = np.pad(data.images, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]
    return Digits(_embedded(shifted), data.target)


def with_wrong_labels(
    digits: Digits, rows: NDArray[np.int64], seed: int
) -> tuple[Digits, set[int]]:
    """Label one in twenty of some rows wrongly; tell which."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice(rows, len(rows) // 20, replace=False)
    labels = digits.digits.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return replace(digits, digits=labels), set(wrong.tolist())


def write_digits(folder: Path, digits: Digits) -> Path:
    """Write metadata in which the hash of a picture is its row."""
    vectors = digits.vectors.tolist()
    entries = {str(row): {"embeddings_vector": vector} for row, vector in enumerate(vectors)}
    path = folder / "input-metadata.json"
    path.write_text(json.dumps(entries))
    return path


def _embedded(images: Floats) -> Floats:
    grey = np.round(images * (255 / 16)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    return BuiltinEmbedder().embed([Image.fromarray(one) for one in grey]).astype(np.float64)


def scores_of(model_type: str, digits: Digits, learnt: Labelled, rows: Labels) -> Floats:
    """Learn from some pictures and score others."""
    estimator = fitted(model_type, digits.vectors[learnt.rows], learnt.labels, seed=0).estimator
    return tag_scores(estimator, digits.vectors[rows])
