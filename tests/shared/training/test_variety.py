import numpy as np
import pytest

from shared.evaluation import evaluated
from shared.training.variety import varied
from tests.shared.training.digits import embedded_digits, scores_of


def test_the_most_uncertain_picture_is_the_one_where_one_is_wanted() -> None:
    scores = np.array([0.9, 0.4, 0.0])
    assert varied(np.eye(3), scores, 1).tolist() == [1]


def test_pictures_that_are_alike_are_not_all_chosen() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.001], [1.0, 0.002], [0.0, 1.0]])
    first, second = varied(vectors, np.array([0.5, 0.49, 0.49, 0.3]), 2).tolist()
    assert first < second == 3


def test_a_group_is_represented_by_its_middle_not_by_its_edge() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.2], [1.0, 0.4], [-1.0, 0.0]])
    assert varied(vectors, np.full(4, 0.4), 2).tolist() == [1, 3]


def test_certain_pictures_are_not_chosen_for_variety_alone() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert sorted(varied(vectors, np.array([0.5, 0.45, 1.0, 0.0]), 2).tolist()) == [0, 1]


def test_the_most_uncertain_ones_come_first() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(size=50)
    chosen = varied(rng.normal(size=(50, 3)), scores, 10)
    assert len(set(chosen.tolist())) == 10
    assert np.all(np.diff(np.abs(scores[chosen] - 0.5)) >= 0)


@pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]])
def test_pictures_that_are_all_the_same_are_chosen_once(scores: list[float]) -> None:
    assert sorted(varied(np.zeros((3, 4)), np.array(scores), 9).tolist()) == [0, 1, 2]


def test_suggested_pictures_teach_more_than_random_ones() -> None:
    by_choice, by_chance = np.transpose([taught(seed) for seed in range(10)])
    assert by_choice.mean() > by_chance.mean() + 0.01
    assert (by_choice > by_chance).sum() >= 7


def taught(seed: int) -> tuple[float, float]:
    """Average precision after labelling twenty more pictures: by choice, and by chance."""
    rng = np.random.default_rng(seed)
    digits, tag = embedded_digits(), seed
    order = rng.permutation(1797)
    unseen, pool = order[:600], order[600:]
    has_tag = digits.digits[pool] == tag
    first = np.concatenate([pool[has_tag][:5], pool[~has_tag][:40]])
    rest = np.setdiff1d(pool, first)

    def quality(more: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        learnt = digits.labelled(tag, np.concatenate([first, more]))
        scores = scores_of("ovr-logistic-regression", digits, learnt, unseen)
        return evaluated(scores, digits.digits[unseen] == tag).average_precision

    known = scores_of("ovr-logistic-regression", digits, digits.labelled(tag, first), rest)
    likely = np.argsort(np.abs(known - 0.5))[:400]
    chosen = rest[likely[varied(digits.vectors[rest[likely]], known[likely], 20)]]
    drawn = [quality(rng.choice(rest, 20, replace=False)) for _ in range(3)]
    return quality(chosen), float(np.mean(drawn))
