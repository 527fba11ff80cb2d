import numpy as np
import pytest

from shared.classifiers.estimators import (
    Calibrated,
    Logistic,
    NaiveBayes,
    Standardized,
    SupportVectors,
)
from shared.classifiers.fused.linear import linear_column, linear_scorer
from shared.classifiers.fused.products import whole_tiles

ROW = np.array([[3.0, -1.0]])
LOGISTIC = Logistic(np.array([0.5, -2.0]), 0.25)


def svm(kernel: str) -> SupportVectors:
    vectors = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, 1.0]])
    dual = np.array([1.0, -0.25, -0.75])
    return SupportVectors(vectors, dual, -0.5, kernel, 1.0, 0.0, 3, (-1.0, 0.0))  # type: ignore[arg-type]


def test_a_linear_svm_becomes_one_vector() -> None:
    column = linear_column(svm("linear"))
    assert column
    assert column.coef.tolist() == [1.0 - 2.25, 2.0 - 0.25 - 0.75]
    assert column.intercept == -0.5


@pytest.mark.parametrize(
    "estimator",
    [
        svm("rbf"),
        NaiveBayes(np.zeros((2, 2)), np.ones((2, 2)), np.zeros(2)),
        Calibrated(svm("poly"), 1, 0),
    ],
)
def test_what_is_not_linear_has_no_linear_form(estimator: object) -> None:
    assert linear_column(estimator) is None


@pytest.mark.parametrize("final", [LOGISTIC, Calibrated(LOGISTIC, -1.5, 0.5), svm("linear")])
def test_standardization_moves_into_the_coefficients(final: Logistic | Calibrated) -> None:
    mean, scale = np.array([10.0, -4.0]), np.array([0.5, 8.0])
    folded, bare = linear_column(Standardized(mean, scale, final)), linear_column(final)
    assert folded
    assert bare
    np.testing.assert_allclose(
        linear_scorer([folded]).score(whole_tiles(ROW)),
        linear_scorer([bare]).score(whole_tiles((ROW - mean) / scale)),
        rtol=0,
        atol=1e-14,
    )


@pytest.mark.parametrize("mean", [1e9, float("inf"), float("nan")])
def test_standardization_stays_where_the_shift_would_lose_digits(mean: float) -> None:
    standardized = Standardized(np.array([mean, 0.0]), np.ones(2), LOGISTIC)
    assert linear_column(standardized) is None


def test_many_linear_classifiers_are_one_product() -> None:
    columns = [linear_column(Logistic(np.array([k, 1.0]), k / 10)) for k in range(100)]
    scorer = linear_scorer([column for column in columns if column])
    expected = 1 / (1 + np.exp(3.0 * np.arange(100) - 1.0 + np.arange(100) / 10))
    np.testing.assert_allclose(scorer.score(whole_tiles(ROW))[0], expected, rtol=1e-13)
