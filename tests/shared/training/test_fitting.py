import numpy as np
import pytest
import threadpoolctl  # type: ignore[import-untyped]
from numpy.typing import NDArray
from sklearn.svm import SVC

from shared.estimators import Floats
from shared.training.fitting import MODEL_TYPES, fitted, tag_scores


def clusters(n_tag: int, n_other: int, n_features: int = 5) -> tuple[Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(n_tag)
    labels = np.repeat([0, 1], [n_tag, n_other])
    return rng.normal(size=(n_tag + n_other, n_features)) + 4 * labels[:, np.newaxis], labels


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_class_0_is_the_tag(model_type: str) -> None:
    vectors, labels = clusters(20, 40)
    estimator = fitted(model_type, vectors, labels, seed=0)
    assert estimator.classes_.tolist() == [0, 1]
    assert tag_scores(estimator, vectors)[labels == 0].min() > 0.5
    assert tag_scores(estimator, vectors)[labels == 1].max() < 0.5


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize(("n_tag", "n_other"), [(2, 2), (2, 50), (50, 2), (3, 4)])
def test_few_pictures_train_all_the_same(model_type: str, n_tag: int, n_other: int) -> None:
    vectors, labels = clusters(n_tag, n_other)
    assert np.isfinite(tag_scores(fitted(model_type, vectors, labels, seed=0), vectors)).all()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("size", [0.0, 1e-38, 1e38])
def test_the_least_and_the_largest_vectors_train_without_a_warning(
    model_type: str, size: float
) -> None:
    vectors, labels = clusters(10, 10)
    scores = tag_scores(fitted(model_type, size * vectors, labels, seed=0), size * vectors)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_threads_of_blas_do_not_change_what_is_learnt(model_type: str) -> None:
    vectors, labels = clusters(60, 200, n_features=300)
    scores = []
    for n_threads in (1, 2):
        with threadpoolctl.threadpool_limits(n_threads):
            estimator = fitted(model_type, vectors, labels, seed=0)
            scores.append(tag_scores(estimator, vectors))
    np.testing.assert_array_equal(scores[0], scores[1])


def test_the_svm_is_calibrated_from_outside() -> None:
    estimator = fitted("ovr-svm", *clusters(9, 9), seed=0)
    (pair,) = estimator.calibrated_classifiers_
    assert type(pair.estimator) is SVC
    assert pair.method == "sigmoid"
    assert not pair.estimator._probA.size
