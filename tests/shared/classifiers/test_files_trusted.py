"""What is refused as data can be loaded as code, by those who ask for it, and must still score."""

import datetime
import pickle
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from shared.classifiers.estimators import Trusted
from shared.classifiers.files import decoded_classifier, trusted_classifier
from shared.classifiers.loading import load_classifiers
from shared.classifiers.pickles.stream import RefusedError
from shared.records import EmbedderName
from tests.shared.classifiers.hostile_cases import PAYLOAD
from tests.shared.classifiers.oracle import tag_scores
from tests.shared.classifiers.samples import IS_OTHER, N_FEATURES, VECTORS, dumped, fitted, sample

FOREST = fitted(RandomForestClassifier(3, random_state=0))


@pytest.mark.parametrize(
    "estimator", [FOREST, fitted(CalibratedClassifierCV(SVC(), cv=3))], ids=["forest", "ensemble"]
)
def test_an_unknown_estimator_scores_by_itself(tmp_path: Path, estimator: BaseEstimator) -> None:
    (tmp_path / "model-a-tag-b.pkl").write_bytes(dumped(estimator))
    (found,), _ = load_classifiers(tmp_path, trust=True)
    assert isinstance(found.estimator, Trusted)
    assert found.estimator.n_features == N_FEATURES
    np.testing.assert_array_equal(
        tag_scores(found, VECTORS), estimator.predict_proba(VECTORS)[:, 0]
    )


def test_labels_and_date_are_read_as_they_are_from_data() -> None:
    moment = datetime.datetime(2023, 1, 21, 0, 56, tzinfo=datetime.UTC)
    described = {"classifier": sample("logistic"), "model_type": "a", "tag": "b"}
    content = dumped({**described, "train_start_time": moment})
    as_code, as_data = trusted_classifier("x", content), decoded_classifier("x", content)
    assert as_code.train_date == as_data.train_date == "2023-01-21, 00:56:00"
    assert (as_code.tag, as_code.digest) == (as_data.tag, as_data.digest)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1], "it is a list that cannot score"),
        ({"tag": "a"}, "it is a NoneType that cannot score"),
        (fitted(SVC()), "it is a SVC that cannot score"),
        (fitted(StandardScaler()), "it is a StandardScaler that cannot score"),
        (fitted(RandomForestClassifier(2), np.arange(40) % 3), "it has 3 classes, 2 are needed"),
        (RandomForestClassifier(), "it has 0 classes, 2 are needed"),
    ],
)
def test_what_cannot_score_is_refused(value: object, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        trusted_classifier("model-a-tag-b", dumped(value))


def test_an_estimator_that_hides_its_width_is_refused() -> None:
    estimator = fitted(RandomForestClassifier(2), IS_OTHER)
    del estimator.n_features_in_
    with pytest.raises(RefusedError, match="does not tell its n_features_in_"):
        trusted_classifier("model-a-tag-b", dumped(estimator))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", PAYLOAD[:-1], dumped(FOREST)[:-9], b"\x80\x04cno_such_module\nname\n."],
)
def test_what_does_not_load_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # trusted code runs, and its canary with it
    with pytest.raises(RefusedError, match="as trusted code it does not load"):
        trusted_classifier("model-a-tag-b", content)


def test_another_version_of_scikit_learn_is_no_warning() -> None:
    state = FOREST.__getstate__() | {"_sklearn_version": "1.0.2"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trusted_classifier("model-a-tag-b", _with_state(state))


def _with_state(state: dict[str, object]) -> bytes:
    class Written:
        def __reduce__(self) -> tuple[object, ...]:
            return RandomForestClassifier, (), state

    return pickle.dumps(Written())


def test_what_made_the_vectors_is_read_as_it_is_from_data() -> None:
    name = EmbedderName("CLIP", "ViT-B-32", "openai")
    form = {"classifier": FOREST, "model_type": "a", "tag": "b", "embedder": asdict(name)}
    assert trusted_classifier("x", dumped(form)).embedder == name
