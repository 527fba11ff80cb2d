import numpy as np
import pytest

from shared.training.variety import varied


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
