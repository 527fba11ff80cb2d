"""Scoring a batch of vectors: predict_proba per classifier, and ours. Loading is not counted."""

import time
from pathlib import Path

import joblib
import numpy as np

from shared.classifiers.fused.fusing import fuse
from shared.classifiers.loading import load_classifiers


def score_singly(models: str, vectors: str, n_images: str) -> float:
    """Seconds of one ``predict_proba`` per classifier on the whole batch."""
    classifiers = [joblib.load(path)["classifier"] for path in sorted(Path(models).glob("*.pkl"))]
    batch = np.load(vectors)[: int(n_images)]
    start = time.perf_counter()
    scores = [classifier.predict_proba(batch)[:, 0] for classifier in classifiers]
    seconds = time.perf_counter() - start
    assert np.shape(scores) == (len(classifiers), len(batch))
    return seconds


def score_fused(models: str, vectors: str, n_images: str) -> float:
    """Seconds of the fused classifiers on the same batch."""
    classifiers, _ = load_classifiers(Path(models))
    fused = fuse([classifier.estimator for classifier in classifiers])
    batch = np.load(vectors)[: int(n_images)]
    start = time.perf_counter()
    scores = fused.score(batch)
    seconds = time.perf_counter() - start
    assert scores.shape == (len(batch), len(classifiers))
    return seconds
