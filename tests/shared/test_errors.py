"""Errors carry their facts and say them in one line."""

import pickle

import pytest

from shared.errors import RunError, SkipError
from shared.fates import Fate


def test_a_skip_has_its_fate_and_its_reason() -> None:
    error = SkipError(Fate.CRC, "checksum is 1, should be 2")
    assert (error.fate, error.reason) == (Fate.CRC, "checksum is 1, should be 2")


def test_a_skip_says_its_fate_first() -> None:
    assert str(SkipError(Fate.CRC, "checksum is 1")) == "crc: checksum is 1"


def test_a_failed_run_says_where_what_and_what_to_do() -> None:
    error = RunError("a.json", "is empty", "Run stage 1.")
    assert str(error) == "a.json: is empty. Run stage 1."


def test_a_failed_run_without_a_remedy_ends_with_what_was_found() -> None:
    assert str(RunError("a.json", "is empty")) == "a.json: is empty"


def test_a_failed_run_has_its_facts_as_they_are() -> None:
    error = RunError("a\n.json", "is\x1bempty", "Do\nthis.")
    assert (error.where, error.found, error.remedy) == ("a\n.json", "is\x1bempty", "Do\nthis.")


@pytest.mark.parametrize("field", [0, 1, 2])
def test_a_failed_run_stays_one_line_that_steers_no_terminal(field: int) -> None:
    facts = ["where", "found", "remedy"]
    facts[field] = "a\n\x1b[2Jb\u202e"
    assert str(RunError(*facts)).isprintable()


@pytest.mark.parametrize(
    "error", [SkipError(Fate.CRC, "reason"), RunError("where", "found", "remedy")]
)
def test_an_error_survives_the_way_from_a_worker_process(error: Exception) -> None:
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
