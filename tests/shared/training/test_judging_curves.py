import numpy as np
import pytest

from shared.training.judging import WORTH_MORE, CurvePoint, learning_curve, more_would_help
from tests.shared.training.digits import embedded_digits

pytestmark = pytest.mark.training


def test_more_pictures_teach_more() -> None:
    digits = embedded_digits()
    rows = np.arange(0, 1797, 3)
    labels = (digits.digits[rows] != 8).astype(np.int64)
    curve = learning_curve(digits.vectors[rows], labels, seed=0)
    assert curve[-1].average_precision > curve[0].average_precision
    numbers = [point.n_tag for point in curve]
    assert numbers == sorted(numbers)
    assert numbers[-1] == pytest.approx((labels == 0).sum() * 2 / 3, abs=1)


@pytest.mark.parametrize(("before", "after", "helps"), [(0.8, 0.85, True), (0.99, 0.995, False)])
def test_more_would_help_where_the_last_doubling_did(
    before: float, after: float, helps: bool
) -> None:
    assert more_would_help((CurvePoint(5, 50, before), CurvePoint(10, 100, after))) is helps


def test_ten_pictures_are_enough_for_a_curve() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [10, 200])
    curve = learning_curve(rng.normal(size=(210, 4)) + labels[:, np.newaxis], labels, seed=0)
    assert len(curve) == 4
    assert all(0 <= point.average_precision <= 1 for point in curve)


def test_how_the_pictures_happen_to_be_divided_does_not_decide() -> None:
    digits = embedded_digits()
    rows = np.arange(0, 1797, 2)
    labels = (digits.digits[rows] != 8).astype(np.int64)
    curves = [learning_curve(digits.vectors[rows], labels, seed) for seed in range(4)]
    assert np.ptp([one[-1].average_precision - one[-2].average_precision for one in curves]) < (
        WORTH_MORE
    )


def test_near_copies_teach_nothing_about_each_other() -> None:
    rng = np.random.default_rng(0)
    once = rng.normal(size=(160, 80))
    labels = np.tile((np.arange(160) % 4 > 0).astype(np.int64), 2)
    vectors = np.concatenate([once, once])
    told = learning_curve(vectors, labels, 0, np.tile(np.arange(160), 2))[-1]
    untold = learning_curve(vectors, labels, 0)[-1]
    assert told.average_precision < 0.5 < untold.average_precision
