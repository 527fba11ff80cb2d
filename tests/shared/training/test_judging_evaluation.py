import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from shared.training.judging import ReliabilityBin, evaluated


def test_perfect_scores_are_measured_as_perfect() -> None:
    found = evaluated(np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, True, False, False]))
    measures = (found.accuracy, found.precision, found.recall, found.f1)
    assert measures == (1, 1, 1, 1)
    assert (found.roc_auc, found.average_precision) == (1, 1)


def test_the_confusion_has_a_row_for_the_tag_and_one_for_other() -> None:
    scores = np.array([0.9, 0.4, 0.4, 0.6, 0.1])
    found = evaluated(scores, np.array([True, True, True, False, False]))
    assert found.confusion == ((1, 2), (1, 1))


def test_a_score_of_one_half_is_found() -> None:
    assert evaluated(np.array([0.5, 0.1]), np.array([True, False])).recall == 1


def test_where_nothing_is_found_there_is_no_precision() -> None:
    found = evaluated(np.array([0.4, 0.1]), np.array([True, False]))
    assert (found.precision, found.recall, found.f1) == (None, 0, None)


def test_histograms_use_the_bins_of_the_results_folder() -> None:
    found = evaluated(
        np.array([0.0, 0.1, 0.11, 1.0, 0.95]), np.array([True, True, True, True, False])
    )
    assert found.tag_histogram == (2, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.other_histogram == (0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_measures_are_those_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in pairs] + [0.7, 0.2])
    has_tag = np.array([tag for _, tag in pairs] + [True, False])
    found, predicted = evaluated(scores, has_tag), scores >= 0.5
    assert found.precision == pytest.approx(precision_score(has_tag, predicted))
    assert found.recall == pytest.approx(recall_score(has_tag, predicted))
    assert found.f1 == pytest.approx(f1_score(has_tag, predicted))
    assert found.accuracy == pytest.approx(np.mean(has_tag == predicted))
    assert sum(found.tag_histogram) + sum(found.other_histogram) == len(scores)


def test_each_tenth_of_the_scores_tells_how_many_of_it_have_the_tag() -> None:
    scores = np.array([0.72, 0.78, 0.05, 0.05])
    found = evaluated(scores, np.array([True, False, False, False]))
    assert found.reliability[7] == ReliabilityBin(2, 0.75, 0.5)
    assert found.reliability[0] == ReliabilityBin(2, 0.05, 0)
    assert found.reliability[3] is None


def test_the_calibration_error_is_the_mean_distance_of_score_and_share() -> None:
    scores = np.array([0.72, 0.78, 0.05, 0.05])
    found = evaluated(scores, np.array([True, False, False, False]))
    assert found.calibration_error == pytest.approx((2 * 0.25 + 2 * 0.05) / 4)


def test_honest_probabilities_have_next_to_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(50_000)
    assert evaluated(scores, rng.random(50_000) < scores).calibration_error < 0.01


def test_the_curve_goes_from_all_pictures_to_none() -> None:
    curve = evaluated(np.array([0.9, 0.4, 0.2]), np.array([True, False, True])).curve
    assert curve[0] == pytest.approx((1, 2 / 3))
    assert curve[-1] == (0, 1)


def test_the_curve_of_many_pictures_stays_short() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.3
    curve = evaluated(rng.random(20_000) / 2 + truth * 0.3, truth).curve
    assert len(curve) < 300
    recalls = [recall for recall, _ in curve]
    assert recalls == sorted(recalls, reverse=True)
