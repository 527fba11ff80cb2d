"""Damaged classifier files: each is read as a sound classifier or refused, and nothing else."""

import datetime
import pickle
import time
import zlib
from functools import cache
from random import Random

import numpy as np

from shared.classifiers.estimators import Classifier
from shared.classifiers.files import decoded_classifier
from shared.classifiers.pickles.stream import RefusedError
from tests.fuzz.mutations import mutations
from tests.shared.classifiers.oracle import tag_scores
from tests.shared.classifiers.samples import (
    KINDS,
    dumped,
    dumped_before_joblib_1_2,
    in_old_layout,
    sample,
)

MAX_CASE_SECONDS = 2
SHARE_COMPRESSED = 0.1


def run(n_cases: int, seed: int) -> dict[str, int]:
    """Read so many damaged files, and count what became of them.

    Raises
    ------
    AssertionError
        If a case takes too long, or one that is read cannot score; the number of the case is in
        it. Any other exception is the reader's own.
    """
    counts = {"cases": 0, "read": 0, "refused": 0}
    files = good_files()
    for number in range(n_cases):
        random = Random(f"{seed} {number}")
        damaged = mutations(random.choice(files), random.getrandbits(64))
        if random.random() < SHARE_COMPRESSED:
            damaged = mutations(zlib.compress(damaged), number)
        start = time.process_time()
        counts[_outcome(damaged)] += 1
        counts["cases"] += 1
        assert time.process_time() - start < MAX_CASE_SECONDS, f"case {number} of seed {seed}"
    return counts


def _outcome(content: bytes) -> str:
    try:
        classifier = decoded_classifier("model-a-tag-b", content)
    except RefusedError:
        return "refused"
    _check_scores(classifier)
    return "read"


def _check_scores(classifier: Classifier) -> None:
    vector = np.ones((1, classifier.estimator.n_features))
    with np.errstate(all="ignore"):
        assert tag_scores(classifier, vector).shape == (1,)


@cache
def good_files() -> tuple[bytes, ...]:
    """Every kind of classifier in the forms in which it may be written."""
    files = []
    for kind in KINDS:
        estimator = sample(kind)
        files += [dumped(estimator), pickle.dumps(estimator, 5), pickle.dumps(estimator, 2)]
        files.append(dumped_before_joblib_1_2(in_old_layout(estimator)))
    moment = datetime.datetime(2023, 1, 21, 0, 56, tzinfo=datetime.UTC)
    described = {"model_type": "a", "tag": "b", "train_start_time": moment, "labels": {"x", "y"}}
    return (*files, dumped(described | {"classifier": sample("svc, rbf")}))
