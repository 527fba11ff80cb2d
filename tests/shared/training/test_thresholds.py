import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from shared.records import Floats
from shared.training.ranking import ranked
from shared.training.thresholds import (
    CERTAINTY,
    NOWHERE,
    TARGETS,
    Threshold,
    counted,
    images_to_reach,
    iter_threshold_rows,
    thresholds,
)
from tests.shared.training.page.records import record

# From the highest score on: 60 with the tag, 1 without, 30 with it, 24 without.
HAS_TAG = np.array([True] * 60 + [False] + [True] * 30 + [False] * 24)
SCORES = np.linspace(0.99, 0.04, len(HAS_TAG))
RECORD = record()
TESTED = ("precision_95", "precision_90", "precision_80")


def found(name: str, scores: Floats = SCORES, truth: NDArray[np.bool_] = HAS_TAG) -> Threshold:
    threshold = thresholds(scores, truth, 0)[name]
    assert threshold
    return threshold


def test_of_thresholds_that_are_surely_precise_enough_that_of_most_recall_is_taken() -> None:
    assert (found("precision_95").precision, found("precision_95").recall) == (90 / 91, 1)
    early = HAS_TAG.copy()
    early[50:58] = False
    assert found("precision_95", truth=early).recall == 50 / 82
    assert found("precision_80", truth=early).recall == 1


def test_a_threshold_is_the_score_of_the_last_picture_with_the_tag_that_is_taken() -> None:
    assert found("precision_95").threshold == SCORES[90]
    assert found("precision_80").threshold == SCORES[90]
    assert found("recommended").threshold == SCORES[90]


@pytest.mark.parametrize(("name", "least"), [("precision_95", 32), ("precision_90", 16)])
def test_so_many_pictures_without_a_mistake_make_a_precision_sure(name: str, least: int) -> None:
    for n_tag in (least - 1, least):
        truth = np.array([True] * n_tag + [False] * 40)
        chosen = thresholds(np.linspace(1, 0, len(truth)), truth, 0)[name]
        assert (chosen is not None) is (n_tag == least)
    assert TARGETS[name]
    assert (TARGETS[name] or 0) ** least <= 1 - CERTAINTY < (TARGETS[name] or 0) ** (least - 1)


def test_one_wrong_label_among_the_first_does_not_end_what_is_sure() -> None:
    assert found("precision_95", truth=np.roll(HAS_TAG, 1)).recall > 0.5


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.sampled_from(TESTED))
def test_what_is_kept_is_sure_by_the_exact_bound_from_where_it_first_is(
    labels: list[bool], name: str
) -> None:
    truth = np.array([True, *labels])
    scores = np.linspace(1, 0, len(truth))
    target = TARGETS[name] or 0
    chosen = thresholds(scores, truth, 0)[name]
    sure = [
        binom.cdf(n - truth[:n].sum(), n, 1 - target) <= 1 - CERTAINTY
        for n in range(1, len(truth) + 1)
    ]
    if True not in sure:
        assert chosen is None
        return
    end = [*sure, False].index(False, sure.index(True))
    kept = truth[:end]
    assert chosen
    assert chosen.recall == kept.sum() / truth.sum()
    assert chosen.sure_precision >= target - 1e-9


@pytest.mark.parametrize("name", TESTED)
def test_at_most_one_classifier_in_five_breaks_what_is_promised(name: str) -> None:
    """Of 400 draws of 300 pictures; their scores tell how likely the tag is."""
    rng = np.random.default_rng(0)
    wide = np.random.default_rng(1).random(50_000) ** 0.15
    n_chosen = n_broken = 0
    for _ in range(400):
        scores = rng.random(300) ** 0.15
        truth = rng.random(300) < scores
        ranking = ranked(scores, truth)
        at = counted(ranking, np.ones(300, np.int64)).cut(TARGETS[name])
        if at != NOWHERE:
            n_chosen += 1
            n_broken += bool(
                wide[wide >= ranking.scores[ranking.cuts[at]]].mean() < (TARGETS[name] or 0)
            )
    assert n_chosen > 100
    assert n_broken / 400 <= 1 - CERTAINTY + 0.03


def test_how_many_more_would_do_is_told_where_a_precision_is_not_reached() -> None:
    truth = np.array([True] * 20 + [False] * 40)
    more = images_to_reach(np.linspace(1, 0, 60), truth)
    assert more.keys() == {"precision_95"}
    assert more["precision_95"] == pytest.approx(12, abs=1)


def test_scores_that_know_nothing_are_not_helped_by_more() -> None:
    truth = np.random.default_rng(0).random(300) < 0.2
    truth[:3] = False
    assert images_to_reach(np.linspace(1, 0, 300), truth) == dict.fromkeys(TESTED)


@pytest.mark.parametrize("order", [1, -1])
def test_what_no_threshold_gives_is_not_reachable(order: int) -> None:
    scores = np.linspace(0.9, 0.1, 80)[::order]
    truth = np.repeat([False, True], 40)[::order]
    chosen = thresholds(scores, truth, 0)
    assert [name for name, one in chosen.items() if one] == ["recommended"]


def test_equal_scores_are_not_parted() -> None:
    truth = np.arange(400) % 4 > 0
    assert thresholds(np.full(400, 0.5), truth, 0)["precision_80"] is None
    assert found("precision_80", np.full(400, 0.5), np.arange(400) % 8 > 0).recall == 1


def test_the_order_of_the_pictures_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(SCORES))
    shuffled, straight = (
        thresholds(SCORES[order], HAS_TAG[order], 0),
        thresholds(SCORES, HAS_TAG, 0),
    )
    assert shuffled == straight


def test_a_seed_gives_the_same_intervals() -> None:
    assert thresholds(SCORES, HAS_TAG, 7) == thresholds(SCORES, HAS_TAG, 7)


def test_more_pictures_leave_less_open() -> None:
    few = found("precision_95").precision_interval
    many = found("precision_95", SCORES.repeat(50), HAS_TAG.repeat(50)).precision_interval
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
    truth = np.array([True] + [False] * 40)
    assert found("recommended", np.linspace(1, 0, 41), truth).precision_interval == (1, 1)


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
    head, *rows = iter_threshold_rows(RECORD)
    assert len(head) == 6
    assert [row[0] for row in rows] == [
        "95% precision",
        "90% precision",
        "80% precision",
        "recommended",
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
        "sure_precision": 0.94,
    }
    *_, row = iter_threshold_rows(
        {**RECORD, "thresholds": {**RECORD["thresholds"], "recommended": found}}
    )
    assert row[1:] == (
        "0.7162 (0.200 to 0.841)",
        "0.959 (0.900 to 1.000)",
        "0.940",
        "0.500 (0.400 to 0.600)",
        "98%",
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (12, "not reachable; about 12 more images with the tag would do"),
        (None, "not reachable; labels of this kind would hardly do"),
    ],
)
def test_what_cannot_be_reached_is_said_and_what_would_do(more: int | None, words: str) -> None:
    cut = {**RECORD["thresholds"], "precision_95": None}
    record = {**RECORD, "thresholds": cut, "images_to_reach": {"precision_95": more}}
    assert ("95% precision", words) in iter_threshold_rows(record)
