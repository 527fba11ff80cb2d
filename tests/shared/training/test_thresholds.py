import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.records import Floats
from shared.training.thresholds import TARGETS, Threshold, iter_threshold_rows, thresholds
from tests.shared.training.page.records import record

# From the highest score on: 10 with the tag, 1 without, 5 with it, 4 without.
HAS_TAG = np.array([True] * 10 + [False] + [True] * 5 + [False] * 4)
SCORES = np.linspace(0.99, 0.04, 20)
THRESHOLDS = record()["thresholds"]


def found(name: str, scores: Floats = SCORES, truth: NDArray[np.bool_] = HAS_TAG) -> Threshold:
    threshold = thresholds(scores, truth, 0)[name]
    assert threshold
    return threshold


def test_of_thresholds_that_are_precise_enough_that_of_most_recall_is_taken() -> None:
    assert (found("precision_95").precision, found("precision_95").recall) == (1, 10 / 15)
    assert (found("precision_90").precision, found("precision_90").recall) == (15 / 16, 1)
    assert found("precision_80").precision == 15 / 18


def test_a_threshold_is_the_score_of_the_last_picture_that_is_taken() -> None:
    assert found("precision_95").threshold == SCORES[9]
    assert found("recommended").threshold == SCORES[15]


@pytest.mark.parametrize("order", [1, -1])
def test_what_no_threshold_gives_is_not_reachable(order: int) -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6])[::order]
    truth = np.array([False, False, True, True])[::order]
    chosen = thresholds(scores, truth, 0)
    assert [name for name, one in chosen.items() if one] == ["recommended"]


def test_equal_scores_are_not_parted() -> None:
    assert (
        thresholds(np.full(4, 0.5), np.array([True, True, True, False]), 0)["precision_90"] is None
    )


def test_the_order_of_the_pictures_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(20)
    shuffled, straight = (
        thresholds(SCORES[order], HAS_TAG[order], 0),
        thresholds(SCORES, HAS_TAG, 0),
    )
    assert shuffled == straight


def test_a_seed_gives_the_same_intervals() -> None:
    assert thresholds(SCORES, HAS_TAG, 7) == thresholds(SCORES, HAS_TAG, 7)


def test_more_pictures_leave_less_open() -> None:
    few = found("precision_90").recall_interval
    many = found("precision_90", SCORES.repeat(50), HAS_TAG.repeat(50)).recall_interval
    assert many[1] - many[0] < few[1] - few[0]


def test_the_intervals_hold_what_more_pictures_of_the_kind_give() -> None:
    rng = np.random.default_rng(1)

    def draw(count: int) -> tuple[Floats, NDArray[np.bool_]]:
        truth = rng.random(count) < 0.3
        return 1 / (1 + np.exp(-rng.normal(3 * truth - 1.5, 1))), truth

    scores, truth = draw(20_000)
    wide = found("recommended", scores, truth)
    low, high = found("recommended", *draw(300)).recall_interval
    assert low <= wide.recall <= high


def test_a_sample_with_none_of_the_pictures_that_are_taken_says_nothing_of_precision() -> None:
    """The best picture alone is taken: a third of the samples have not drawn it."""
    truth = np.array([True] + [False] * 40 + [True] * 2)
    assert found("precision_95", np.linspace(1, 0, 43), truth).precision_interval == (1, 1)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans()), min_size=1))
def test_what_is_said_of_a_threshold_can_be_counted(pairs: list[tuple[float, bool]]) -> None:
    scores = np.array([1.0, *(score for score, _ in pairs)])
    truth = np.array([True, *(has_tag for _, has_tag in pairs)])
    for name, one in thresholds(scores, truth, 0).items():
        if one is None:
            continue
        taken = scores >= one.threshold
        assert one.precision == truth[taken].mean() >= (TARGETS[name] or 0)
        assert one.recall == truth[taken].sum() / truth.sum()
        for low, high in (one.threshold_interval, one.precision_interval, one.recall_interval):
            assert 0 <= low <= high <= 1


def test_each_threshold_has_a_row_below_the_head() -> None:
    head, *rows = iter_threshold_rows(THRESHOLDS)
    assert len(head) == 5
    assert [row[0] for row in rows] == [
        "95% precision",
        "90% precision",
        "80% precision",
        "best F1: recommended",
    ]


def test_a_row_tells_what_chance_leaves_open() -> None:
    found = {
        "threshold": 0.71623,
        "threshold_interval": (0.2, 0.8412),
        "precision": 0.959,
        "precision_interval": (0.9, 1.0),
        "recall": 0.5,
        "recall_interval": (0.4, 0.6),
        "reached": 0.985,
    }
    *_, row = iter_threshold_rows({**THRESHOLDS, "recommended": found})
    assert row[1:] == (
        "0.7162 (0.200 to 0.841)",
        "0.959 (0.900 to 1.000)",
        "0.500 (0.400 to 0.600)",
        "98%",
    )


def test_what_cannot_be_reached_is_said() -> None:
    rows = iter_threshold_rows({**THRESHOLDS, "precision_95": None})
    assert ("95% precision", "not reachable") in rows
