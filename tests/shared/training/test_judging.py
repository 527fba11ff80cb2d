from dataclasses import replace

import numpy as np
import pytest

from shared.evaluation import evaluated
from shared.training.fitting import MODEL_TYPES
from shared.training.judging import CrossValidation, cross_validated
from shared.training.selection import Labelled
from tests.shared.training.digits import Digits, embedded_digits, scores_of

LINE = "ovr-logistic-regression"
TAGS = range(10)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return embedded_digits()


def judged(model_type: str, digits: Digits, learnt: Labelled) -> CrossValidation:
    found = cross_validated(model_type, digits.vectors[learnt.rows], learnt)
    assert found
    return found


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_digits_are_told_apart_calibrated_and_cut_as_promised(
    model_type: str, digits: Digits
) -> None:
    learnt, unseen = np.arange(0, 1797, 2), np.arange(1, 1797, 2)
    quality, error, precision = [], [], []
    for tag in TAGS:
        labelled = digits.labelled(tag, learnt)
        scores = scores_of(model_type, digits, labelled, unseen)
        truth = digits.digits[unseen] == tag
        found = evaluated(scores, truth)
        quality.append(found.average_precision)
        error.append(found.calibration_error)
        cut = judged(model_type, digits, labelled).thresholds["precision_95"]
        assert cut
        precision.append(truth[scores >= cut.threshold].mean())
    assert np.mean(quality) >= 0.99
    assert np.mean(error) <= 0.03
    assert 0.93 <= np.mean(precision) <= 1


def test_twenty_pictures_of_a_tag_among_many_others_are_enough(digits: Digits) -> None:
    quality = []
    for tag in TAGS:
        with_tag = np.flatnonzero(digits.digits == tag)
        others = np.flatnonzero(digits.digits != tag)
        learnt = digits.labelled(tag, np.concatenate([with_tag[:20], others[::2]]))
        unseen = np.concatenate([with_tag[20:], others[1::2]])
        scores = scores_of("ovr-svm", digits, learnt, unseen)
        quality.append(evaluated(scores, digits.digits[unseen] == tag).average_precision)
    assert np.mean(quality) >= 0.95


def test_wrong_labels_are_among_the_suspects(digits: Digits) -> None:
    rng = np.random.default_rng(0)
    rows = np.arange(0, 1797, 2)
    wrong = rng.choice(rows, len(rows) // 20, replace=False)
    labels = digits.digits.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, len(wrong))) % 10
    planted = replace_labels(digits, labels)
    suspects = {
        one.row
        for tag in TAGS
        for one in judged(LINE, planted, planted.labelled(tag, rows)).suspects
    }
    assert len(suspects & set(wrong.tolist())) / len(wrong) >= 0.7
    assert len(suspects) < len(rows) / 4


def replace_labels(digits: Digits, labels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Digits:
    return replace(digits, digits=labels)


def test_suspects_are_named_by_how_sure_the_score_is(digits: Digits) -> None:
    suspects = judged(LINE, digits, digits.labelled(8, np.arange(0, 1797, 4))).suspects
    margins = [abs(one.score - 0.5) for one in suspects]
    assert margins == sorted(margins, reverse=True)
    assert all((one.score >= 0.5) != one.has_tag for one in suspects)
    assert all((digits.digits[one.row] == 8) == one.has_tag for one in suspects)


def test_too_few_pictures_are_not_judged(digits: Digits) -> None:
    rows = np.concatenate(
        [np.flatnonzero(digits.digits == 3)[:9], np.flatnonzero(digits.digits == 4)]
    )
    learnt = digits.labelled(3, rows)
    assert cross_validated(LINE, digits.vectors[rows], learnt) is None
