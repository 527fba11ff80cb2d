import numpy as np
import pytest

from shared.classifiers.fused.products import tiled, whole_tiles
from shared.classifiers.fused.rbf import centre_of, centred_rows, distances
from shared.records import Floats


def kernel(rows: Floats, vectors: Floats, gamma: float) -> Floats:
    centre = centre_of(vectors)
    less = vectors - centre
    squared = distances(
        centred_rows(whole_tiles(rows), centre), tiled(less.T), np.square(less).sum(axis=1)
    )
    return squared.kernel(gamma, slice(0, len(vectors)))[: len(rows)]


def direct(rows: Floats, vectors: Floats, gamma: float) -> Floats:
    return np.asarray(np.exp(-gamma * np.square(rows[:, None] - vectors).sum(axis=2)))


@pytest.mark.parametrize(
    ("offset", "spread", "gamma"),
    [
        (0.0, 0.45, 0.01),  # as CLIP's vectors are
        (1e6, 1.0, 0.05),  # all far from the origin
        (0.0, 1e3, 1 / 40),  # features of thousands under gamma="auto"
        (0.0, 1e8, 1.0),
        (0.0, 1e-6, 1e10),
    ],
)
def test_near_and_same_points_lose_no_digits(offset: float, spread: float, gamma: float) -> None:
    rng = np.random.default_rng(0)
    vectors = (offset + spread * rng.normal(size=(30, 40))).astype(np.float32).astype(np.float64)
    near = (vectors + 0.3 / np.sqrt(40 * gamma)).astype(np.float32).astype(np.float64)
    rows = np.concatenate([vectors, near, offset + spread * rng.normal(size=(20, 40))])
    expected = direct(rows, vectors, gamma)
    assert expected.max() == 1
    np.testing.assert_allclose(kernel(rows, vectors, gamma), expected, rtol=0, atol=1e-12)


def test_a_support_vector_itself_is_exactly_1_however_large() -> None:
    vectors = 1e5 * np.random.default_rng(1).normal(size=(20, 64))
    np.testing.assert_array_equal(np.diag(kernel(vectors, vectors, gamma=0.5)), 1)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
@pytest.mark.parametrize("size", [1e154, 1e200, 1e300])
def test_overflow_is_a_value_of_0(size: float) -> None:
    vectors = np.random.default_rng(2).normal(size=(5, 8))
    np.testing.assert_array_equal(kernel(np.full((1, 8), size), vectors, 1.0), np.zeros((1, 5)))


def test_values_never_pass_1() -> None:
    vectors = np.random.default_rng(4).normal(size=(40, 3)).repeat(3, axis=0)
    assert kernel(vectors, vectors, gamma=0.3).max() <= 1


def test_a_better_distance_serves_the_next_gamma_too() -> None:
    vectors = 1e6 * np.random.default_rng(5).normal(size=(8, 16))
    rows = centred_rows(whole_tiles(vectors), np.zeros(16))
    squared = distances(rows, tiled(vectors.T), np.square(vectors).sum(axis=1))
    squared.kernel(1.0, slice(2, 8))
    assert squared.squares[3, 3] == 0


def test_centre_of_float32_vectors_is_float32() -> None:
    vectors = np.random.default_rng(6).normal(size=(7, 3))
    centre = centre_of(vectors)
    np.testing.assert_array_equal(centre, centre.astype(np.float32))
    np.testing.assert_allclose(centre, vectors.mean(axis=0), rtol=1e-6)


def test_centre_of_huge_vectors_is_the_origin() -> None:
    assert centre_of(np.full((2, 2), 1e308)).tolist() == [0.0, 0.0]
