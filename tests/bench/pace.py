"""How long training takes: processor seconds of one tag among many pictures, and its quality.

Each tag is learnt by what there is and by scikit-learn from all pictures at once, as before.

python -m tests.bench.pace [--processes 2] trains all tags and tells how long that took.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from shared.training import fitting
from shared.training.fitting import MODEL_TYPES, fitted
from shared.training.jobs import Lesson, Vectors, curve_of, iter_classifiers, iter_trained
from shared.training.ranking import average_precision, ranked
from shared.training.selection import Labelled, Selection

N_IMAGES = 10_000
N_FEATURES = 512
N_TAGS = 100
HEAD = (
    "tag",
    "seconds to the first",
    "to both",
    "with the curve",
    "difference in average precision",
)


def many(seed: int) -> tuple[Vectors, fitting.Labels]:
    """Vectors of length 10, as of CLIP, of 100 kinds, one in a hundred with a wrong label."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(64, N_FEATURES)) / 8
    centres = rng.normal(size=(N_TAGS, 64)) * 0.55
    kinds = np.arange(N_IMAGES) % N_TAGS
    vectors = (centres[kinds] + rng.normal(size=(N_IMAGES, 64))) @ basis
    vectors += rng.normal(size=vectors.shape) / 4
    vectors *= 10 / np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = rng.choice(N_IMAGES, N_IMAGES // 100, replace=False)
    kinds[wrong] = rng.integers(0, N_TAGS, len(wrong))
    return vectors.astype(np.float32), kinds


def iter_rows(tags: range, seed: int) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each tag."""
    vectors, kinds = many(seed)
    for tag in tags:
        lesson = _lesson(kinds, tag)
        labels = lesson.selection.learnt.labels
        start = time.process_time()
        spent = [time.process_time() - start for _ in iter_classifiers(vectors, lesson)]
        curve_of(vectors, lesson)
        spent.append(time.process_time() - start)
        yield str(tag), *(f"{one:.2f}" for one in spent), f"{_difference(vectors, labels):.4f}"


def _lesson(kinds: fitting.Labels, tag: int) -> Lesson:
    labels = (kinds != tag).astype(np.int64)
    nothing = Labelled(np.empty(0, np.int64), np.empty(0, np.int64))
    selection = Selection(str(tag), Labelled(np.arange(N_IMAGES), labels), nothing)
    return Lesson(selection, datetime(2026, 11, 22), None)  # noqa: DTZ001


def _difference(vectors: Vectors, labels: fitting.Labels) -> float:
    """Largest difference in average precision to what is learnt from all at once."""
    found = []
    few = fitting.MANY
    for threshold in (few, len(labels) + 1):
        fitting.MANY = threshold
        decisions = [fitted(one, vectors.astype(float), labels, 0).decisions for one in MODEL_TYPES]
        found.append(
            [average_precision(ranked(-one, labels == 0)) for one in decisions if one is not None]
        )
    fitting.MANY = few
    return float(np.ptp(np.array(found), axis=0).max())


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("python -m tests.bench.pace", description=__doc__)
    parser.add_argument("--processes", type=int, default=2, help="how many train")
    n_processes = parser.parse_args().processes
    vectors, kinds = many(0)
    lessons = (_lesson(kinds, tag) for tag in range(N_TAGS))
    load = os.getloadavg()[0]
    start = time.perf_counter()
    n_tags = sum(1 for _ in iter_trained(vectors, lessons, N_TAGS * N_IMAGES, n_processes))
    spent = time.perf_counter() - start
    told = f"{n_tags} tags by {n_processes} processes: {spent:.0f} s; load before {load:.1f}\n"
    sys.stdout.write(told)


if __name__ == "__main__":
    main()
