"""Writes the three classifier files beside it as people wrote them in 2023, and what they score.

python make.py, on Python 3.11 with the oldest that can be installed there: scikit-learn==1.1.3
joblib==1.1.1 numpy==1.23.5 scipy==1.9.3. Nothing of this project is imported.
"""

import json
from datetime import datetime
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

FOLDER = Path(__file__).parent
TAG, OTHER = 0, 1
N_IMAGES, N_FEATURES, N_SCORED = 40, 8, 6


def main() -> None:
    """Train on vectors of two clusters, and score others of both."""
    assert sklearn.__version__ == "1.1.3"
    rng = np.random.default_rng(2023)
    labels = np.arange(N_IMAGES) % 2
    shift = rng.normal(size=N_FEATURES)
    vectors = (rng.normal(size=(N_IMAGES, N_FEATURES)) + np.outer(labels, shift)).astype("f4")
    scored = (rng.normal(size=(N_SCORED, N_FEATURES)) + shift / 2).astype("f4")
    fitted = {
        "model-ovr-logistic-regression-tag-cat": LogisticRegression(max_iter=1000),
        "model-ovr-svm-tag-cat": SVC(probability=True, random_state=0),
        "model-ovr-svm-tag-dog": CalibratedClassifierCV(SVC(kernel="linear"), ensemble=False),
    }
    scores = {}
    for name, estimator in fitted.items():
        estimator.fit(vectors, labels)
        scores[name] = estimator.predict_proba(scored.astype("f8"))[:, TAG].tolist()
        joblib.dump(_described(estimator) if name.endswith("dog") else estimator, _path(name))
    document = {"vectors": scored.tolist(), "scores": scores}
    (FOLDER / "scores.json").write_text(json.dumps(document, indent=1) + "\n")


def _described(estimator: object) -> dict[str, object]:
    """The later form of a file; the earlier is the estimator alone."""
    moment = datetime(2023, 1, 21, 0, 56, 7)  # noqa: DTZ001 - as files of that time have it
    return {
        "classifier": estimator,
        "model_type": "ovr-svm",
        "train_start_time": moment,
        "tag": "dog",
        "labels": {"dog", "other"},
    }


def _path(name: str) -> Path:
    return FOLDER / f"{name}.pkl"


if __name__ == "__main__":
    main()
