import numpy as np
import pytest
import threadpoolctl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from sklearn.svm import SVC

from shared.records import Floats
from shared.training import fitting, machines
from shared.training.fitting import SVM_PENALTY, Fitted, fitted, tag_scores
from shared.training.machines import Machines, TooManyError

pytestmark = pytest.mark.training

FEW = 400
Labels = NDArray[np.int64]


def overlapping(n_tag: int, n_other: int, seed: int = 0) -> tuple[Floats, Labels]:
    """Vectors of length 10 or so, in 40 groups of which the tag has one, and some wrong labels."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [n_tag, n_other])
    group = np.where(labels == 0, 0, rng.integers(1, 40, len(labels)))
    centres = np.random.default_rng(9).normal(size=(40, 60)) * 0.9
    vectors = centres[group] + rng.normal(size=(len(labels), 60))
    labels[rng.choice(len(labels), len(labels) // 100, replace=False)] ^= 1
    return vectors, labels


@pytest.mark.parametrize(("n_tag", "n_other"), [(60, 3000), (1500, 1500), (3000, 60)])
def test_a_machine_of_few_decides_as_that_of_all(n_tag: int, n_other: int) -> None:
    vectors, labels = overlapping(n_tag, n_other)
    found = Machines(vectors.astype(np.float32), labels, SVM_PENALTY).solved(
        np.ones(len(labels), np.bool_)
    )
    expected = SVC(C=SVM_PENALTY).fit(vectors, labels)
    np.testing.assert_allclose(found.decisions, expected.decision_function(vectors), atol=5e-3)
    assert len(found.support) == pytest.approx(expected.n_support_.sum(), rel=0.02)


def test_a_machine_of_a_part_does_not_know_the_rest() -> None:
    vectors, labels = overlapping(60, 3000)
    learnt = np.arange(len(labels)) % 5 > 0
    both = Machines(vectors.astype(np.float32), labels, SVM_PENALTY)
    both.solved(np.ones(len(labels), np.bool_))
    after_all = both.solved(learnt)
    contrary = np.where(learnt, labels, 1 - labels)
    blind = Machines(vectors.astype(np.float32), contrary, SVM_PENALTY).solved(learnt)
    assert learnt[after_all.support].all()
    np.testing.assert_allclose(after_all.decisions, blind.decisions, atol=5e-3)


def test_what_there_is_no_room_for_is_not_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "MAX_KERNEL_BYTES", 100 * 3060 * 4)
    vectors, labels = overlapping(60, 3000)
    with pytest.raises(TooManyError):
        Machines(vectors.astype(np.float32), labels, SVM_PENALTY).solved(
            np.ones(len(labels), np.bool_)
        )


def of_many(vectors: Floats, labels: Labels, monkeypatch: pytest.MonkeyPatch) -> Fitted:
    monkeypatch.setattr(fitting, "MANY", FEW)
    return fitted("ovr-svm", vectors, labels, seed=0)


def of_all(vectors: Floats, labels: Labels, monkeypatch: pytest.MonkeyPatch) -> Fitted:
    monkeypatch.setattr(fitting, "MANY", len(labels) + 1)
    return fitted("ovr-svm", vectors, labels, seed=0)


def test_a_classifier_of_many_is_as_good_and_scores_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors, labels = overlapping(60, 3000)
    found, expected = (f(vectors, labels, monkeypatch) for f in (of_many, of_all))
    assert found.decisions is not None
    assert expected.decisions is not None
    assert average_precision_score(labels == 0, -found.decisions) == pytest.approx(
        average_precision_score(labels == 0, -expected.decisions), abs=0.002
    )
    unseen, _ = overlapping(60, 3000, seed=1)
    np.testing.assert_allclose(
        tag_scores(found.estimator, unseen), tag_scores(expected.estimator, unseen), atol=0.01
    )


def test_its_file_names_the_places_of_the_support_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = overlapping(60, 3000)
    (pair,) = of_many(vectors, labels, monkeypatch).estimator.calibrated_classifiers_
    assert (vectors[pair.estimator.support_] == pair.estimator.support_vectors_).all()


def test_where_there_is_no_room_it_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = overlapping(60, 600)
    expected = of_all(vectors, labels, monkeypatch)
    monkeypatch.setattr(machines, "MAX_KERNEL_BYTES", 100 * 660 * 4)
    found = of_many(vectors, labels, monkeypatch)
    assert found.decisions is not None
    assert expected.decisions is not None
    np.testing.assert_allclose(found.decisions, expected.decisions, atol=1e-4)
    np.testing.assert_allclose(
        tag_scores(found.estimator, vectors), tag_scores(expected.estimator, vectors), atol=1e-4
    )


@pytest.mark.parametrize("exponent", [-60, 0, 60])
def test_neither_the_threads_of_blas_nor_the_length_of_the_vectors_matter(
    exponent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, labels = overlapping(60, 1000)
    expected = of_many(vectors, labels, monkeypatch).decisions
    for n_threads in (1, 2):
        with threadpoolctl.threadpool_limits(n_threads):
            found = of_many(vectors * 2.0**exponent, labels, monkeypatch).decisions
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [0.0, 1e-38, 1e38])
def test_the_least_and_the_largest_vectors_are_learnt_from(
    size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, labels = overlapping(60, 600)
    found = of_many(vectors * size, labels, monkeypatch)
    assert np.isfinite(tag_scores(found.estimator, vectors * size)).all()


def test_pictures_that_are_all_the_same_are_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = overlapping(60, 600)
    found = of_many(np.ones_like(vectors), labels, monkeypatch)
    assert tag_scores(found.estimator, vectors[:1])[0] == pytest.approx(0.1, abs=0.05)
