import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from shared.classifiers.estimators import NaiveBayes
from shared.classifiers.fused.fusing import bayes_scorer
from shared.classifiers.fused.products import whole_tiles
from shared.records import Floats

RNG = np.random.default_rng(11)


def fitted(vectors: Floats) -> tuple[GaussianNB, NaiveBayes]:
    bayes = GaussianNB().fit(vectors, np.arange(len(vectors)) % 2)
    return bayes, NaiveBayes(bayes.theta_, bayes.var_, np.log(bayes.class_prior_))


def check_equal(train: Floats, rows: Floats, tolerance: float = 1e-12) -> None:
    bayes, plain = fitted(train)
    scores = bayes_scorer([plain]).score(whole_tiles(rows))[: len(rows), 0]
    expected = bayes.predict_proba(rows)[:, 0]
    assert 0.001 < np.median(expected) < 0.999
    np.testing.assert_allclose(scores, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_far_from_the_origin_no_digit_is_lost(offset: float) -> None:
    train = offset + RNG.normal(size=(400, 12))
    check_equal(train, offset + RNG.normal(size=(50, 12)), 1e-10)


def test_features_that_are_constant_in_one_class_lose_no_digit() -> None:
    # As the dark corners of pictures: the variance is 1e-9 of the largest, so terms are huge.
    train = RNG.normal(size=(400, 12))
    train[::2, :3] = 0.25
    rows = RNG.normal(size=(50, 12))
    rows[:, :3] = 0.25 + 3e-5 * RNG.normal(size=(50, 3))
    train[1::2, :3] = 0.25 + 1e-4 * RNG.normal(size=(200, 3))
    check_equal(train, rows, 1e-10)


def test_features_that_were_constant_and_are_not_now_score_as_predict_proba() -> None:
    train = RNG.normal(size=(400, 12))
    train[:, :3] = 0.25
    rows = RNG.normal(size=(50, 12))
    check_equal(train, rows, 1e-10)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_far_out_it_is_decided() -> None:
    plain = NaiveBayes(np.array([[-1.0], [1.0]]), np.ones((2, 1)), np.log([0.5, 0.5]))
    scores = bayes_scorer([plain]).score(whole_tiles(np.array([[-1e3], [0.0], [1e3]])))
    assert scores[:3, 0].tolist() == [1.0, 0.5, 0.0]


def test_several_stand_side_by_side() -> None:
    pairs = [fitted(RNG.normal(size=(40, 7))) for _ in range(70)]
    rows = RNG.normal(size=(5, 7))
    scores = bayes_scorer([plain for _, plain in pairs]).score(whole_tiles(rows))[:5]
    expected = np.stack([bayes.predict_proba(rows)[:, 0] for bayes, _ in pairs], axis=1)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)
