"""Classifier files as scikit-learn and joblib write them for users."""

import warnings
from datetime import datetime
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from tests.bench.entries import vector

N_POOL = 300
"""Vectors that all classifiers are trained on, so that SVMs share their support vectors."""
POOL_START = 1_000_000
N_TAGS = 30
N_TAGGED = 60
TRAINED = datetime(2026, 11, 22, 9, 5)  # noqa: DTZ001 - files hold the user's own time


def build(folder: str) -> None:
    """Write folders of 2 and of 60 classifiers, half of each SVMs, and of 1 and one more."""
    root = Path(folder)
    pool = np.stack([vector(POOL_START + i) for i in range(N_POOL)])
    for name, n_tags in (("two", 1), ("sixty", N_TAGS)):
        (root / name).mkdir()
        for tag in range(n_tags):
            _write_logistic(root / name, tag, pool)
            _write_svm(root / name, tag, pool)
    for name, n_tags in (("one", 1), ("one-more", 2)):
        (root / name).mkdir()
        for tag in range(n_tags):
            newest = _write_logistic(root / name, tag, pool)
    np.savez(root / "newest.npz", coef=newest.coef_[0], intercept=newest.intercept_)


def _write_logistic(folder: Path, tag: int, pool: NDArray[np.float32]) -> LogisticRegression:
    fitted = LogisticRegression(max_iter=1000).fit(pool, _is_other(tag))
    _write(folder, "ovr-logistic-regression", tag, fitted)
    return fitted


def _write_svm(folder: Path, tag: int, pool: NDArray[np.float32]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The `probability` parameter", FutureWarning)
        fitted = SVC(probability=True, random_state=tag).fit(pool, _is_other(tag))
    _write(folder, "ovr-svm", tag, fitted)


def _is_other(tag: int) -> NDArray[np.int64]:
    """Class 0 is the tag, and class 1 is "other"."""
    tagged = np.random.default_rng([2030, tag]).permutation(N_POOL)[:N_TAGGED]
    return np.where(np.isin(np.arange(N_POOL), tagged), 0, 1)


def _write(folder: Path, model_type: str, tag: int, fitted: LogisticRegression | SVC) -> None:
    form = {
        "classifier": fitted,
        "model_type": model_type,
        "train_start_time": TRAINED,
        "tag": f"tag-{tag:02}",
    }
    joblib.dump(form, folder / f"model-{model_type}-tag-tag-{tag:02}.pkl")
