import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.classifiers.estimators import Estimator, Logistic, SupportVectors, Trusted
from shared.classifiers.fused.fusing import FusedClassifiers, fuse
from shared.records import Floats

pytestmark = pytest.mark.slow

Fit = Callable[[str, Floats], tuple[Any, Estimator]]
Clusters = Callable[..., Floats]
EveryKind = list[tuple[Any, Estimator]]


@pytest.fixture(scope="module")
def fused(every_kind: EveryKind) -> FusedClassifiers:
    return fuse([estimator for _, estimator in every_kind])


@pytest.fixture(scope="module")
def vectors(make_clusters: Clusters) -> Floats:
    return make_clusters(7, 300, 70)


@pytest.fixture(scope="module")
def scores(fused: FusedClassifiers, vectors: Floats) -> Floats:
    return fused.score(vectors)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    world=st.tuples(
        st.integers(0, 10**6),
        st.sampled_from([1, 3, 64, 70, 200]),
        st.sampled_from([0.01, 0.45, 1.0, 1000.0]),
    )
)
def test_each_kind_scores_as_predict_proba(
    kind: str,
    fit: Fit,
    make_clusters: Clusters,
    world: tuple[int, int, float],
) -> None:
    seed, n_features, scale = world
    # Kernels of products reach 1e14 on large numbers, where libsvm's own rounding shows.
    scale = min(scale, 1.0) if kind in {"linear", "calibrated linear"} else scale
    classifier, estimator = fit(kind, make_clusters(seed, 30, n_features, scale))
    vectors = make_clusters(seed + 1, 70, n_features, scale)
    expected = classifier.predict_proba(vectors)[:, :1]
    np.testing.assert_allclose(fuse([estimator]).score(vectors), expected, rtol=0, atol=1e-10)


def test_all_kinds_together_keep_the_order_of_columns(
    every_kind: EveryKind, scores: Floats, vectors: Floats
) -> None:
    expected = np.stack([c.predict_proba(vectors)[:, 0] for c, _ in every_kind], axis=1)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 7, 64, 100])
def test_scores_do_not_depend_on_the_batch(
    fused: FusedClassifiers, vectors: Floats, scores: Floats, batch: int
) -> None:
    starts = range(0, len(vectors), batch)
    parts = [fused.score(vectors[start : start + batch]) for start in starts]
    np.testing.assert_array_equal(np.concatenate(parts), scores)


def test_scores_do_not_depend_on_the_order_of_images(
    fused: FusedClassifiers, vectors: Floats, scores: Floats
) -> None:
    order = np.random.default_rng(0).permutation(len(vectors))
    np.testing.assert_array_equal(fused.score(vectors[order]), scores[order])


@pytest.mark.parametrize("n_threads", [1, 2, 3, 4])
def test_scores_do_not_depend_on_the_threads_of_blas(
    fused: FusedClassifiers, vectors: Floats, scores: Floats, n_threads: int
) -> None:
    with threadpoolctl.threadpool_limits(n_threads):
        np.testing.assert_array_equal(fused.score(vectors), scores)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_scores_do_not_depend_on_own_threads(
    fused: FusedClassifiers, vectors: Floats, n_threads: int
) -> None:
    many = np.tile(vectors, (4, 1))
    np.testing.assert_array_equal(fused.score(many, n_threads), fused.score(many))


def test_float32_vectors_score_as_their_float64_selves(
    fused: FusedClassifiers, vectors: Floats, scores: Floats
) -> None:
    np.testing.assert_array_equal(fused.score(vectors.astype(np.float32)), scores)


@pytest.mark.parametrize(
    "other", [np.asfortranarray, lambda v: np.repeat(v, 2, axis=0)[::2], lambda v: v[::-1][::-1]]
)
def test_memory_layout_does_not_matter(
    fused: FusedClassifiers, vectors: Floats, scores: Floats, other: Callable[[Floats], Floats]
) -> None:
    np.testing.assert_array_equal(fused.score(other(vectors)), scores)


def test_scoring_leaves_the_vectors_as_they_are(fused: FusedClassifiers, vectors: Floats) -> None:
    vectors = vectors.copy()
    before = vectors.copy()
    fused.score(vectors)
    np.testing.assert_array_equal(vectors, before)


def test_no_images_give_no_rows(fused: FusedClassifiers) -> None:
    assert fused.score(np.empty((0, 70))).shape == (0, fused.n_classifiers)


@pytest.mark.parametrize("size", [1e30, 1e150, 1e308])
def test_huge_vectors_raise_and_warn_nothing(fused: FusedClassifiers, size: float) -> None:
    scores = fused.score(np.full((2, 70), size))
    assert not np.any(scores < 0)
    assert not np.any(scores > 1)


def test_wrong_width_is_an_error_that_tells_both(fused: FusedClassifiers) -> None:
    with pytest.raises(ValueError, match=r"\(3, 69\).* 70 wide"):
        fused.score(np.zeros((3, 69)))


def test_a_single_vector_without_rows_is_an_error(fused: FusedClassifiers) -> None:
    with pytest.raises(ValueError, match=r"\(70,\)"):
        fused.score(np.zeros(70))


def test_classifiers_of_two_widths_do_not_fuse() -> None:
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        fuse([Logistic(np.zeros(4), 0.0), Logistic(np.zeros(3), 0.0)])


def test_no_classifiers_do_not_fuse() -> None:
    with pytest.raises(ValueError, match="no features"):
        fuse([])


def test_an_svm_without_probability_does_not_fuse() -> None:
    svm = SupportVectors(np.eye(2), np.ones(2), 0.0, "rbf", 1.0, 0.0, 3, platt=None)
    with pytest.raises(ValueError, match="no probability"):
        fuse([svm])


def test_logistic_probability_keeps_its_digits_far_out() -> None:
    fused = fuse([Logistic(np.ones(1), 0.0)])
    np.testing.assert_allclose(fused.score(np.full((1, 1), 100.0)), np.exp(-100.0), rtol=1e-12)


def test_trusted_code_sees_64_rows_whatever_the_batch() -> None:
    shapes = []

    def predict_proba(vectors: Floats) -> Floats:
        shapes.append(vectors.shape)
        return np.stack([vectors[:, 0], 1 - vectors[:, 0]], axis=1)

    fused = fuse([Trusted(predict_proba, 2)])
    numbers = np.linspace(0, 1, 70)
    scores = fused.score(np.stack([numbers, numbers], axis=1))
    np.testing.assert_array_equal(scores[:, 0], numbers)
    assert shapes == [(64, 2), (64, 2)]


def test_trusted_code_never_sees_a_vector_that_was_not_given() -> None:
    seen = []

    def predict_proba(vectors: Floats) -> Floats:
        seen.append(vectors)
        return np.full((len(vectors), 2), 0.5)

    fuse([Trusted(predict_proba, 2)]).score(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert {tuple(row) for row in np.concatenate(seen)} == {(1.0, 2.0), (3.0, 4.0)}


def test_memory_does_not_grow_with_the_batch(fit: Fit, make_clusters: Clusters) -> None:
    _, estimator = fit("rbf", make_clusters(0, 1000, 32))
    fused = fuse([estimator])
    many = np.zeros((8192, 32), dtype=np.float32)
    tracemalloc.start()
    fused.score(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20
