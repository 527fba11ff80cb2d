import io
from dataclasses import replace

import joblib
import numpy as np
import pytest
import threadpoolctl
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from shared.records import Floats
from shared.training.fitting import (
    MIN_TO_CALIBRATE,
    MODEL_TYPES,
    can_calibrate,
    cross_validated_scores,
    fitted,
    sigmoid,
    tag_scores,
)
from tests.shared.training.digits import embedded_digits, scores_of

pytestmark = pytest.mark.training


def clusters(n_tag: int, n_other: int, n_features: int = 5) -> tuple[Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(n_tag)
    labels = np.repeat([0, 1], [n_tag, n_other])
    return rng.normal(size=(n_tag + n_other, n_features)) + 4 * labels[:, np.newaxis], labels


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_class_0_is_the_tag(model_type: str) -> None:
    vectors, labels = clusters(20, 40)
    estimator = fitted(model_type, vectors, labels, seed=0).estimator
    assert estimator.classes_.tolist() == [0, 1]
    assert tag_scores(estimator, vectors)[labels == 0].min() > 0.5
    assert tag_scores(estimator, vectors)[labels == 1].max() < 0.5


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize(("n_tag", "n_other"), [(2, 2), (2, 50), (50, 2), (3, 4)])
def test_few_pictures_train_all_the_same(model_type: str, n_tag: int, n_other: int) -> None:
    vectors, labels = clusters(n_tag, n_other)
    assert np.isfinite(
        tag_scores(fitted(model_type, vectors, labels, seed=0).estimator, vectors)
    ).all()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("size", [0.0, 1e-38, 1e38])
def test_the_least_and_the_largest_vectors_train_without_a_warning(
    model_type: str, size: float
) -> None:
    vectors, labels = clusters(10, 10)
    scores = tag_scores(
        fitted(model_type, size * vectors, labels, seed=0).estimator, size * vectors
    )
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_threads_of_blas_do_not_change_what_is_learnt(model_type: str) -> None:
    vectors, labels = clusters(60, 200, n_features=300)
    scores = []
    for n_threads in (1, 2):
        with threadpoolctl.threadpool_limits(n_threads):
            estimator = fitted(model_type, vectors, labels, seed=0).estimator
            scores.append(tag_scores(estimator, vectors))
    np.testing.assert_array_equal(scores[0], scores[1])


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize(("n_tag", "n_other"), [(4, 20), (20, 40)])
@pytest.mark.parametrize("exponent", [-60, -4, 60])
def test_the_length_of_the_vectors_does_not_matter(
    model_type: str, n_tag: int, n_other: int, exponent: int
) -> None:
    vectors, labels = clusters(n_tag, n_other)
    scaled = vectors * 2.0**exponent
    scores = tag_scores(fitted(model_type, vectors, labels, seed=0).estimator, vectors)
    found = tag_scores(fitted(model_type, scaled, labels, seed=0).estimator, scaled)
    np.testing.assert_allclose(found, scores, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_digits_as_vectors_of_length_1_are_told_apart(model_type: str) -> None:
    digits = embedded_digits()
    vectors = digits.vectors / np.linalg.norm(digits.vectors, axis=1, keepdims=True)
    unit = replace(digits, vectors=vectors)
    learnt, unseen = np.arange(0, 1797, 2), np.arange(1, 1797, 2)
    scores = [scores_of(model_type, unit, unit.labelled(tag, learnt), unseen) for tag in range(10)]
    truth = [digits.digits[unseen] == tag for tag in range(10)]
    quality = [average_precision_score(*pair) for pair in zip(truth, scores, strict=True)]
    assert np.mean(quality) >= 0.99


def test_the_svm_is_calibrated_from_outside() -> None:
    estimator = fitted("ovr-svm", *clusters(9, 9), seed=0).estimator
    (pair,) = estimator.calibrated_classifiers_
    assert type(pair.estimator) is SVC
    assert pair.method == "sigmoid"
    assert not pair.estimator._probA.size


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_enough_pictures_are_calibrated(model_type: str) -> None:
    estimator = fitted(model_type, *clusters(MIN_TO_CALIBRATE, MIN_TO_CALIBRATE), seed=0).estimator
    (pair,) = estimator.calibrated_classifiers_
    assert pair.method == "sigmoid"


def test_too_few_pictures_leave_a_logistic_regression_as_it_is() -> None:
    vectors, labels = clusters(MIN_TO_CALIBRATE - 1, 90)
    assert not can_calibrate(labels)
    estimator = fitted("ovr-logistic-regression", vectors, labels, seed=0).estimator
    assert estimator.coef_.shape == (1, 5)


def test_pictures_of_one_side_alone_cannot_be_calibrated() -> None:
    assert not can_calibrate(np.zeros(50, np.int64))
    assert not can_calibrate(np.ones(50, np.int64))


def cross_validated(model_type: str, vectors: Floats, labels: NDArray[np.int64]) -> Floats:
    decisions = fitted(model_type, vectors, labels, seed=0).decisions
    assert decisions is not None
    return cross_validated_scores(decisions, labels, seed=0)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("n_tag", [10, 40])
def test_a_calibrated_classifier_is_that_of_scikit_learn_to_the_last_byte(
    model_type: str, n_tag: int
) -> None:
    vectors, labels = clusters(n_tag, 80)
    found = fitted(model_type, vectors, labels, 0).estimator
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    unfitted = CalibratedClassifierCV(MODEL_TYPES[model_type](0), cv=folds, ensemble=False)
    assert dumped(found) == dumped(unfitted.fit(vectors, labels))


def dumped(estimator: object) -> bytes:
    content = io.BytesIO()
    joblib.dump(estimator, content)
    return content.getvalue()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_no_picture_is_scored_by_what_has_learnt_its_label(model_type: str) -> None:
    vectors, labels = clusters(40, 80, n_features=50)
    labels[0] = 1
    assert cross_validated(model_type, vectors, labels)[0] > 0.5


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_cross_validated_scores_are_like_those_of_the_classifier(model_type: str) -> None:
    vectors, labels = clusters(100, 200)
    scores = cross_validated(model_type, vectors, labels)
    unseen, truth = clusters(101, 200)
    later = tag_scores(fitted(model_type, vectors, labels, seed=0).estimator, unseen)
    for label in (0, 1):
        assert scores[labels == label].mean() == pytest.approx(
            later[truth == label].mean(), abs=0.05
        )


def test_the_sigmoid_is_that_of_scikit_learn() -> None:
    vectors, labels = clusters(40, 80, n_features=2)
    vectors = vectors / 3
    found = fitted("ovr-svm", vectors, labels, seed=0)
    (pair,) = found.estimator.calibrated_classifiers_
    decisions = found.decisions
    assert decisions is not None
    slope, offset = sigmoid(decisions, labels)
    # There the sigmoid is of the probability of other.
    expected = 1 - pair.calibrators[0].predict(decisions)
    np.testing.assert_allclose(1 / (1 + np.exp(slope * decisions + offset)), expected, atol=1e-3)


def test_decisions_that_are_all_the_same_give_the_share_of_the_tag() -> None:
    slope, offset = sigmoid(np.zeros(40), np.repeat([0, 1], [10, 30]))
    assert slope == pytest.approx(0)
    assert 1 / (1 + np.exp(offset)) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_a_near_copy_is_not_scored_by_what_has_learnt_the_other(model_type: str) -> None:
    """Vectors tell nothing of the labels, but each is there twice."""
    rng = np.random.default_rng(0)
    once = rng.normal(size=(200, 80))
    labels = np.tile((np.arange(200) % 4 > 0).astype(np.int64), 2)
    groups = np.tile(np.arange(200), 2)
    vectors = np.concatenate([once, once])
    told, untold = (fitted(model_type, vectors, labels, 0, one) for one in (groups, None))
    assert told.decisions is not None
    assert untold.decisions is not None
    assert average_precision_score(labels == 0, -untold.decisions) > 0.55
    assert average_precision_score(labels == 0, -told.decisions) < 0.4
    scores = cross_validated_scores(told.decisions, labels, 0, groups)
    assert average_precision_score(labels == 0, scores) < 0.4


def test_near_copies_count_as_one_picture() -> None:
    labels = np.repeat([0, 1], [18, 60])
    groups = np.arange(78) - np.arange(78) % 2
    assert can_calibrate(labels)
    assert not can_calibrate(labels, groups)
    assert fitted("ovr-svm", *clusters(18, 60), 0, groups).decisions is None


def test_where_there_are_no_near_copies_groups_change_nothing() -> None:
    vectors, labels = clusters(40, 80)
    found = fitted("ovr-svm", vectors, labels, 0, np.arange(120))
    np.testing.assert_array_equal(found.decisions, fitted("ovr-svm", vectors, labels, 0).decisions)
