import numpy as np
import pytest

from shared.training.fitting import MODEL_TYPES, cross_validated_scores, fitted
from shared.training.judging import (
    CrossValidation,
    MeanScores,
    Mistake,
    cross_validated,
    evaluated,
    suspicious,
)
from shared.training.selection import SEED, Labelled
from tests.shared.training.digits import (
    Digits,
    embedded_digits,
    scores_of,
    shifted_digits,
    with_wrong_labels,
)

pytestmark = pytest.mark.training

LINE = "ovr-logistic-regression"
TAGS = range(10)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return embedded_digits()


NONE_HELD_OUT = (Labelled(np.empty(0, np.int64), np.empty(0, np.int64)), np.empty(0))


def judged(model_type: str, digits: Digits, learnt: Labelled) -> CrossValidation:
    vectors = digits.vectors[learnt.rows]
    decisions = fitted(model_type, vectors, learnt.labels, SEED).decisions
    assert decisions is not None
    scores = cross_validated_scores(decisions, learnt.labels, SEED)
    return cross_validated(scores, learnt, *NONE_HELD_OUT)


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


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_twenty_pictures_of_a_tag_among_1700_others_are_enough(
    model_type: str, digits: Digits
) -> None:
    """The others are 850 digits and their shifted copies; neither is among those to be judged."""
    shifted = shifted_digits()
    n_images = len(digits.digits)
    both = Digits(
        np.concatenate([digits.vectors, shifted.vectors]),
        np.concatenate([digits.digits, shifted.digits]),
    )
    quality = []
    for tag in TAGS:
        with_tag = np.flatnonzero(digits.digits == tag)
        others = np.random.default_rng(tag).permutation(np.flatnonzero(digits.digits != tag))
        learnt = np.concatenate([with_tag[:20], others[:850], others[:850] + n_images])
        unseen = np.concatenate([with_tag[20:], others[850:]])
        scores = scores_of(model_type, both, both.labelled(tag, learnt), unseen)
        quality.append(evaluated(scores, digits.digits[unseen] == tag).average_precision)
    assert np.mean(quality) >= 0.95


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("seed", range(3))
def test_most_wrong_labels_are_suspects_and_most_suspects_are_wrong_labels(
    model_type: str, seed: int, digits: Digits
) -> None:
    rows = np.arange(0, 1797, 2)
    planted, wrong = with_wrong_labels(digits, rows, seed)
    judgements = [judged(model_type, planted, planted.labelled(tag, rows)) for tag in TAGS]
    suspects = {one.row for judgement in judgements for one in judgement.suspects}
    found = suspects & wrong
    assert len(found) / len(wrong) >= 0.75
    assert len(found) / len(suspects) >= 0.75


@pytest.mark.parametrize("kind", ["mistakes", "suspects"])
def test_mistakes_and_suspects_begin_with_the_surest(digits: Digits, kind: str) -> None:
    rows = np.arange(0, 1797, 2)
    labelled = digits.labelled(8, rows)
    labelled.labels[::25] = 1 - labelled.labels[::25]
    judgement = judged(LINE, digits, labelled)
    found: tuple[Mistake, ...] = getattr(judgement, kind)
    margins = [abs(one.score - 0.5) for one in found]
    assert len(found) >= 5
    assert margins == sorted(margins, reverse=True)
    assert all((one.score >= 0.5) != one.has_tag for one in found)
    said = dict(zip(rows.tolist(), (labelled.labels == 0).tolist(), strict=True))
    assert all(said[one.row] == one.has_tag for one in found)


def test_a_label_is_doubtful_where_the_score_is_that_of_the_other_side() -> None:
    scores = np.array([0.9, 0.7, 0.1, 0.0, 0.2, 0.85])
    has_tag = np.array([True, True, True, False, False, False])
    means = MeanScores(scores[:3].mean(), scores[3:].mean())
    assert suspicious(scores, has_tag, means).tolist() == [False, False, True, False, False, True]


def test_a_classifier_that_knows_nothing_suspects_no_label() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.permutation(300) >= 30).astype(np.int64)
    learnt = Labelled(np.arange(300), labels)
    scores = cross_validated_scores(rng.normal(size=300), labels, SEED)
    assert cross_validated(scores, learnt, *NONE_HELD_OUT).suspects == ()
