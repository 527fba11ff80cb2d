import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from shared.training import fitting
from shared.training.fitting import fitted
from shared.training.regressions import Singles, regression

pytestmark = pytest.mark.training


def two_kinds(n_tag: int, n_other: int) -> tuple[Singles, NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [n_tag, n_other])
    vectors = rng.normal(size=(len(labels), 60)) + 0.6 * labels[:, np.newaxis]
    return vectors.astype(np.float32), labels


@pytest.mark.parametrize(("n_tag", "n_other"), [(20, 3000), (700, 700), (3000, 20), (2, 2)])
def test_a_regression_is_that_of_scikit_learn(n_tag: int, n_other: int) -> None:
    vectors, labels = two_kinds(n_tag, n_other)
    weights, offset = regression(vectors, labels)
    expected = LogisticRegression().fit(vectors.astype(np.float64), labels)
    np.testing.assert_allclose(
        vectors @ weights + offset, expected.decision_function(vectors), atol=2e-3
    )


def test_vectors_without_numbers_leave_the_share_of_the_tag() -> None:
    weights, offset = regression(np.zeros((40, 3), np.float32), np.repeat([0, 1], [10, 30]))
    assert not weights.any()
    assert offset == pytest.approx(np.log(3), abs=1e-3)


def test_a_regression_of_many_decides_as_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = two_kinds(60, 1000)
    kind = "ovr-logistic-regression"
    expected = fitted(kind, vectors, labels, 0)
    monkeypatch.setattr(fitting, "MANY", 400)
    found = fitted(kind, vectors, labels, 0)
    assert found.decisions is not None
    assert expected.decisions is not None
    np.testing.assert_allclose(found.decisions, expected.decisions, atol=2e-3)
    np.testing.assert_allclose(
        found.estimator.predict_proba(vectors), expected.estimator.predict_proba(vectors), atol=1e-3
    )
