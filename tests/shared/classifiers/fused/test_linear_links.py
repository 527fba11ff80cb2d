import warnings

import numpy as np
import pytest
from sklearn.svm import SVC

from shared.classifiers.estimators import Calibrated, Logistic, SupportVectors
from shared.classifiers.fused.linear import Link, coupled_probability, link_of, stacked
from shared.records import Floats


@pytest.fixture(scope="module")
def svm() -> SVC:
    points = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0] * 5)[:, np.newaxis]
    labels = (points[:, 0] > 0) ^ (np.arange(30) % 7 == 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The `probability` parameter", FutureWarning)
        return SVC(kernel="linear", probability=True, random_state=0).fit(points, labels)


@pytest.fixture(scope="module")
def sigmoid_and_libsvm(svm: SVC) -> tuple[Floats, Floats]:
    """The sigmoid's value and libsvm's probability, over the whole range from 0 to 1."""
    points = np.linspace(-40, 40, 4001)[:, np.newaxis]
    exponents = svm._probB[0] - svm._probA[0] * svm.decision_function(points)
    return 1 / (1 + np.exp(exponents)), svm.predict_proba(points)[:, 0]


def test_iteration_is_libsvms(sigmoid_and_libsvm: tuple[Floats, Floats]) -> None:
    sigmoid, libsvm = sigmoid_and_libsvm
    assert sigmoid.min() < 1e-6
    assert sigmoid.max() > 1 - 1e-6
    np.testing.assert_allclose(coupled_probability(sigmoid), libsvm, rtol=0, atol=1e-13)


def test_libsvms_probability_is_not_the_sigmoid(
    sigmoid_and_libsvm: tuple[Floats, Floats],
) -> None:
    sigmoid, libsvm = sigmoid_and_libsvm
    assert np.abs(sigmoid - libsvm).max() > 1e-3


def test_iteration_of_one_does_not_depend_on_the_others() -> None:
    sigmoid = np.linspace(0, 1, 101)
    alone = [float(coupled_probability(np.array([value]))[0]) for value in sigmoid]
    assert coupled_probability(sigmoid).tolist() == alone


def test_iteration_keeps_the_shape_and_the_middle() -> None:
    np.testing.assert_array_equal(coupled_probability(np.full((2, 3), 0.5)), np.full((2, 3), 0.5))


def test_iteration_stays_between_0_and_1() -> None:
    low, high = coupled_probability(np.array([0.0, 1.0]))
    assert 0 < low < 1e-6
    assert 1 - 1e-6 < high < 1


def test_iteration_of_nothing_is_nothing() -> None:
    assert coupled_probability(np.empty((0, 2))).shape == (0, 2)


def test_only_the_coupled_are_iterated() -> None:
    links = stacked([Link(1.0, 0.0, coupled=False), Link(1.0, 0.0, coupled=True)])
    plain, coupled = links.tag_probability(np.array([[1.5, 1.5]]))[0]
    assert plain == 1 / (1 + np.exp(1.5))
    assert coupled == coupled_probability(np.array([plain]))[0]


def test_calibration_overrules_platt() -> None:
    svm = SupportVectors(np.eye(2), np.ones(2), 0.0, "rbf", 1.0, 0.0, 3, platt=(-2.0, 0.5))
    assert link_of(svm) == Link(2.0, 0.5, coupled=True)
    assert link_of(Calibrated(svm, -3.0, 0.25)) == Link(3.0, -0.25, coupled=False)


def test_logistic_link_falls_with_the_decision_for_other() -> None:
    links = stacked([link_of(Logistic(np.ones(1), 0.0))])
    low, high = links.tag_probability(np.array([[-2.0], [2.0]]))[:, 0]
    assert low > 0.5 > high
