"""A refusal is a skipped input with a reason that is safe to show, also from another process."""

import pickle

import pytest

from shared.classifiers.pickles.refusal import NotDataError, RefusedError, quoted
from shared.errors import Fate, SkipError


def test_a_refusal_costs_one_classifier_only() -> None:
    error = RefusedError("an empty file")
    assert isinstance(error, SkipError)
    assert (error.fate, error.reason) == (Fate.BAD_CLASSIFIER, "an empty file")


def test_a_refusal_survives_the_way_between_processes() -> None:
    assert pickle.loads(pickle.dumps(RefusedError("an empty file"))).reason == "an empty file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("a\nb\x1b[2J", r"a\nb\x1b[2J"), ("x" * 99, "x" * 80 + "…")],
)
def test_a_quoted_text_stays_short_and_on_one_line(text: str, expected: str) -> None:
    assert quoted(text) == expected


def test_a_pickle_that_is_not_data_stays_one_on_the_way_between_processes() -> None:
    assert isinstance(pickle.loads(pickle.dumps(NotDataError("names x"))), NotDataError)
