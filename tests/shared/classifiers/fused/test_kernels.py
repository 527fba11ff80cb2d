from dataclasses import replace

import numpy as np
import pytest

from shared.classifiers.estimators import Calibrated, Kernel, Logistic, SupportVectors
from shared.classifiers.fused.kernels import (
    KernelScorer,
    centre_of,
    centred_rows,
    distances,
    kernel_column,
    kernel_scorer,
)
from shared.classifiers.fused.products import tiled, whole_tiles
from shared.records import Floats

RNG = np.random.default_rng(3)
POOL = RNG.normal(size=(1200, 5))


def svm(chosen: slice | list[int], kernel: Kernel = "rbf", gamma: float = 0.1) -> SupportVectors:
    vectors = POOL[chosen]
    dual = np.cos(np.arange(len(vectors)))
    return SupportVectors(vectors, dual, 0.125, kernel, gamma, 0.5, 3, (-1.0, 0.25))


def fused(*svms: SupportVectors | Calibrated) -> KernelScorer:
    columns = [kernel_column(svm) for svm in svms]
    return kernel_scorer([column for column in columns if column])


def sigmoid_score(svm: SupportVectors, row: Floats) -> float:
    """P(tag) of one row under `Calibrated(svm, -1, 0)`, by the definition."""
    products = svm.support_vectors @ row
    values = {
        "rbf": np.exp(-svm.gamma * np.square(svm.support_vectors - row).sum(axis=1)),
        "poly": (svm.gamma * products + svm.coef0) ** svm.degree,
        "sigmoid": np.tanh(svm.gamma * products + svm.coef0),
    }[svm.kernel]
    return float(1 / (1 + np.exp(svm.dual_coef @ values + svm.intercept)))


@pytest.mark.parametrize("kernel", ["rbf", "poly", "sigmoid"])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 6])
def test_each_kernel_is_as_defined(kernel: Kernel, degree: int) -> None:
    one = replace(svm(slice(40), kernel), degree=degree)
    rows = RNG.normal(size=(3, 5))
    scores = fused(Calibrated(one, -1.0, 0.0)).score(whole_tiles(rows))
    np.testing.assert_allclose(scores[:3, 0], [sigmoid_score(one, row) for row in rows], rtol=1e-12)


def test_shared_support_vectors_are_stored_once_for_all_gammas() -> None:
    scorer = fused(svm(slice(300)), svm(slice(100, 400), gamma=0.2), svm([399, 0, 7]))
    assert [block.vectors.n_columns for block in scorer.blocks] == [400]


def test_sharing_changes_no_score() -> None:
    svms = [svm(slice(300)), svm(slice(100, 900), gamma=0.2), svm([1100, 0, 7]), svm(slice(600))]
    rows = whole_tiles(RNG.normal(size=(10, 5)))
    apart = np.concatenate([fused(svm).score(rows) for svm in svms], axis=1)
    np.testing.assert_allclose(fused(*svms).score(rows), apart, rtol=0, atol=1e-13)


def test_no_block_holds_more_than_512_vectors() -> None:
    sizes = [block.vectors.n_columns for block in fused(svm(slice(1200))).blocks]
    assert sizes == [512, 512, 176]


def test_a_classifier_costs_nothing_in_blocks_that_it_does_not_use() -> None:
    scorer = fused(svm(slice(512)), svm(slice(512, 1024), gamma=0.3))
    assert [[use.columns.tolist() for use in block.uses] for block in scorer.blocks] == [
        [[0]],
        [[1]],
    ]


def test_one_vector_held_twice_counts_twice() -> None:
    twice = replace(svm([4, 4]), dual_coef=np.array([0.5, 0.25]))
    once = replace(svm([4]), dual_coef=np.array([0.75]))
    rows = whole_tiles(RNG.normal(size=(4, 5)))
    np.testing.assert_array_equal(fused(twice).score(rows), fused(once).score(rows))


def test_rbf_ignores_coef0_and_degree() -> None:
    other = replace(svm(slice(9)), coef0=77.0, degree=9)
    assert len(fused(svm(slice(9)), other).blocks[0].uses) == 1


@pytest.mark.parametrize("estimator", [svm(slice(3), "linear"), Logistic(np.zeros(5), 0.0)])
def test_what_needs_no_kernel_has_no_kernel_form(estimator: object) -> None:
    assert kernel_column(estimator) is None


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
