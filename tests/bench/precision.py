"""What vectors of fewer bits do to scores: `python -m tests.bench.precision`.

Classifiers are trained on float32 vectors of half of the pictures, and score the other half by
vectors of both. Two real sets that packages ship: digits of scikit-learn, and of
scikit-image faces beside what is none. The weights are random: a tower that has learnt something
parts its pictures further, so that rounding weighs less.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.recipe import Recipe, load_recipe
from shared.pictures.embedders.runtimes import has_bfloat16, thread_count
from shared.pictures.embedders.tower import Tower
from shared.pictures.embedders.towers import CONFIG_FILE, WEIGHTS_FILE
from shared.records import PRECISIONS
from shared.training.fitting import MODEL_TYPES, fitted, tag_scores
from tests.clip_models.graphs import tower_graph
from tests.clip_models.layout import clip_config, write_folder
from tests.clip_models.plans import Plan, random_weights

PLAN = Plan(side=224, patch=32, hidden=768, n_heads=12, n_layers=12, n_features=512)
N_BINS = 10
BATCH = 32


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """Pictures and the tag of each."""

    name: str
    images: list[Image.Image]
    tags: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest changes over the classifiers of a set, and the share that changes its bin."""

    least_cosine: float
    score: float
    average_precision: float
    share_of_bins: float


def digits(n_images: int = 600) -> Labelled:
    """Handwritten digits, 8 x 8 levels of grey."""
    data = load_digits()
    levels = (data.images[:n_images] * 255 / 16).astype(np.uint8)
    return Labelled("digits", [Image.fromarray(one) for one in levels], data.target[:n_images])


def faces() -> Labelled:
    """100 faces and 100 others, 25 x 25 levels of grey."""
    path = Path(skimage.__file__).with_name("data") / "lfw_subset.npy"
    levels = (np.load(path) * 255).astype(np.uint8)
    return Labelled("faces", [Image.fromarray(one) for one in levels], np.repeat([1, 0], 100))


def difference(plan: Plan, labelled: Labelled, precision: str) -> Difference:
    """Compare scores of vectors in float32 and in a lower precision."""
    full, short = both_vectors(plan, labelled.images, precision)
    lengths = np.linalg.norm(full, axis=1) * np.linalg.norm(short, axis=1)
    least_cosine = float(((full * short).sum(axis=1) / lengths).min())
    learnt, kept = np.arange(len(full))[::2], np.arange(len(full))[1::2]
    pairs = []
    for labels in iter_labels(labelled.tags):
        for model_type in MODEL_TYPES:
            estimator = fitted(model_type, full[learnt].astype(float), labels[learnt], 0).estimator
            one, other = (
                tag_scores(estimator, vectors[kept].astype(float)) for vectors in (full, short)
            )
            pairs.append((labels[kept] == 0, one, other))
    return Difference(
        least_cosine,
        max(float(np.abs(one - other).max()) for _, one, other in pairs),
        max(
            abs(average_precision_score(is_tag, one) - average_precision_score(is_tag, other))
            for is_tag, one, other in pairs
        ),
        float(np.mean([bins(one) != bins(other) for _, one, other in pairs])),
    )


def both_vectors(
    plan: Plan, images: Sequence[Image.Image], precision: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embed pictures twice, in float32 and in another precision."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_folder(
            Path(name) / "tower", tower_graph(plan, random_weights(plan)), clip_config(plan)
        )
        recipe = load_recipe(folder / CONFIG_FILE)
        full, short = (
            embedded(folder / WEIGHTS_FILE, recipe, one, images) for one in ("", precision)
        )
    return full, short


def embedded(
    weights: Path, recipe: Recipe, precision: str, images: Sequence[Image.Image]
) -> NDArray[np.float32]:
    """Embed pictures with a tower that is forgotten after."""
    tower = Tower(weights, recipe, "cpu", precision, thread_count())
    starts = range(0, len(images), BATCH)
    batches = (cropped(images[start : start + BATCH], recipe) for start in starts)
    return np.concatenate([tower.vectors(planes_of(batch, recipe)) for batch in batches])


def iter_labels(tags: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield 0 for the pictures of a tag and 1 for the others; of two tags one says it all."""
    names = np.unique(tags)
    for tag in names if len(names) > 2 else names[1:]:
        yield (tags != tag).astype(np.int64)


def bins(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the bin of each score, as a results folder has ten."""
    return np.minimum((scores * N_BINS).astype(np.int64), N_BINS - 1)


def main() -> None:
    """Print what is found."""
    for labelled, precision in itertools.product((digits(), faces()), PRECISIONS):
        if precision == "bfloat16" and not has_bfloat16():
            continue
        found = difference(PLAN, labelled, precision)
        sys.stdout.write(
            f"{precision}, {labelled.name}, {len(labelled.images)} pictures: cosine at least "
            f"{found.least_cosine:.6f}; a score changes by {found.score:.4f} at most, average "
            f"precision by {found.average_precision:.4f}, {found.share_of_bins:.2%} change "
            "their bin\n"
        )


if __name__ == "__main__":
    main()
