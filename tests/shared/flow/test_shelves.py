"""Where a picture lies follows from its scores, from what people said, and from what is shown."""

import math
from dataclasses import replace

import pytest

from shared.database.decisions import InForce
from shared.flow.shelves import Hurdle, build_shelves, hurdles_of
from shared.records import DECIDED
from tests.shared.flow.scenes import classifier

CAT, DOG = classifier("cat"), classifier("dog")
CAT_TOO = classifier("cat", model_type="logistic")
TEAM = {7: CAT, 8: DOG, 9: CAT_TOO}


def in_force(tag: str, classifier_id: int, threshold: float | None) -> InForce:
    return InForce(tag, classifier_id, b"version", threshold, "recommended")


def test_all_bins_are_filled_where_nothing_else_is_asked_for() -> None:
    assert hurdles_of(TEAM, None, []) == []
    assert build_shelves([CAT, DOG], 10).places([0.0, 1.0], {}) == ["svm/cat/0.1", "svm/dog/1.0"]


def test_a_score_below_the_least_is_in_no_bin() -> None:
    shelves = build_shelves([CAT, DOG], 10, hurdles_of({1: CAT, 2: DOG}, 0.5, []))
    assert shelves.places([0.5, 0.49], {}) == ["svm/cat/0.5"]
    assert shelves.places([0.1, 0.2], {}) == []


def test_a_tag_is_shown_by_all_its_classifiers_where_the_better_one_decides_it() -> None:
    thresholds = [in_force("cat", 9, 0.6), in_force("dog", 8, 0.6)]
    shelves = build_shelves(list(TEAM.values()), 10, hurdles_of(TEAM, DECIDED, thresholds))
    assert shelves.places([0.1, 0.5, 0.6], {}) == ["svm/cat/0.1", "logistic/cat/0.6"]
    assert shelves.places([1.0, 0.6, 0.59], {}) == ["svm/dog/0.6"]


def test_a_tag_that_nothing_decides_is_not_shown() -> None:
    assert hurdles_of({7: CAT}, DECIDED, [in_force("cat", 7, None)]) == [Hurdle(0, math.inf)]


def test_what_is_too_novel_to_be_decided_is_not_shown() -> None:
    limited = replace(in_force("cat", 7, 0.5), max_novelty=0.99)
    shelves = build_shelves([CAT], 10, hurdles_of({7: CAT}, DECIDED, [limited]))
    assert shelves.places([0.9], {}, 0.995) == []
    assert shelves.places([0.9], {"cat": True}, 0.995) == ["svm/cat/_yes"]
    assert shelves.places([0.9], {}, 0.99) == shelves.places([0.9], {}) == ["svm/cat/0.9"]


def test_a_least_score_shows_the_most_novel_too() -> None:
    shelves = build_shelves([CAT], 10, hurdles_of({7: CAT}, 0.5, []))
    assert shelves.places([0.9], {}, 1.0) == ["svm/cat/0.9"]


@pytest.mark.parametrize(("has_tag", "folder"), [(True, "_yes"), (False, "_no")])
def test_what_a_person_said_is_always_shown(has_tag: bool, folder: str) -> None:
    shelves = build_shelves([CAT, DOG], 10, hurdles_of({1: CAT, 2: DOG}, 0.9, []))
    assert shelves.places([0.1, 0.1], {"cat": has_tag}) == [f"svm/cat/{folder}"]
