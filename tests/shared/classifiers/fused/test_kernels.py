from dataclasses import replace

import numpy as np
import pytest

from shared.classifiers.estimators import Calibrated, Kernel, Logistic, SupportVectors
from shared.classifiers.fused.kernels import KernelScorer, kernel_column, kernel_scorer
from shared.classifiers.fused.products import whole_tiles
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
