import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from shared.records import Floats
from shared.training.comparing import compared
from shared.training.ranking import Truth


def scored(
    noises: dict[str, float], n_images: int = 600, seed: int = 0
) -> tuple[dict[str, Floats], Truth]:
    rng = np.random.default_rng(seed)
    truth = np.arange(n_images) % 6 == 0
    scores = {name: truth + rng.normal(size=n_images) * noise for name, noise in noises.items()}
    return scores, truth


def test_the_better_is_told_by_how_much_and_that_it_is_sure() -> None:
    scores, truth = scored({"worse": 0.9, "better": 0.4})
    found = compared(scores, truth, 0)
    expected = {name: average_precision_score(truth, one) for name, one in scores.items()}
    assert (found.better, found.other) == ("better", "worse")
    assert found.difference == pytest.approx(expected["better"] - expected["worse"])
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.is_sure


def test_of_two_that_are_the_same_neither_is_surely_better() -> None:
    scores, truth = scored({"one": 0.5})
    found = compared({"one": scores["one"], "two": scores["one"]}, truth, 0)
    assert (found.difference, found.interval, found.is_sure) == (0, (0, 0), False)


def test_two_of_a_kind_are_seldom_told_apart() -> None:
    found = [compared(*scored({"one": 0.6, "two": 0.6}, 300, seed), 0) for seed in range(60)]
    assert np.mean([one.is_sure for one in found]) <= 0.12


def test_what_both_find_hard_leaves_less_open_than_for_each_alone() -> None:
    scores, truth = scored({"one": 0.6})
    near = scores["one"] + np.random.default_rng(1).normal(size=600) * 0.05
    paired = compared({"one": scores["one"], "two": near}, truth, 0).interval
    apart = compared(scored({"one": 0.6, "two": 0.6})[0], truth, 0).interval
    assert paired[1] - paired[0] < (apart[1] - apart[0]) / 3
