"""Errors carry their facts and say them in one line."""

import pickle

import pytest

from shared.errors import HARMLESS, Attempts, Fate, RunError, SkipError


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


PROBLEMS = {
    "unreadable",
    "corrupt",
    "truncated",
    "crc",
    "encrypted",
    "unsupported_method",
    "unsupported_format",
    "unsupported_archive",
    "too_large",
    "overlap",
    "size_mismatch",
    "name_mismatch",
    "not_a_zip",
    "not_regular",
    "budget",
    "no_embedding",
    "bad_vector",
    "bad_classifier",
    "bad_answer",
    "not_trained",
    "crashed",
}


def test_the_problems_are_the_documented_ones() -> None:
    assert {fate.value for fate in Fate if fate.is_problem} == PROBLEMS


def test_a_fate_is_harmless_or_a_problem() -> None:
    assert {fate for fate in Fate if not fate.is_problem} == HARMLESS


def test_a_fate_is_stored_under_its_own_name_in_lower_case() -> None:
    assert [fate.value for fate in Fate] == [fate.name.lower() for fate in Fate]


def test_a_fate_comes_back_from_what_is_stored() -> None:
    assert [Fate(str(fate)) for fate in Fate] == list(Fate)


def test_a_summary_shows_a_fate_in_words() -> None:
    assert Fate.NO_EMBEDDING.words == "no embedding"


def test_all_that_is_wrong_is_raised_at_once() -> None:
    first, second = RunError("a", "is missing"), RunError("b", "is empty", "Fill it.")
    attempts = Attempts()
    for error in (first, second):
        with attempts:
            raise error
    with pytest.raises(RunError, match="a: is missing") as caught:
        attempts.check()
    assert list(caught.value.each) == [first, second]


def test_one_thing_that_is_wrong_is_raised_as_it_is() -> None:
    attempts, error = Attempts(), RunError("a", "is missing")
    with attempts:
        raise error
    with pytest.raises(RunError) as caught:
        attempts.check()
    assert caught.value is error


def test_a_bug_is_no_wrong_input() -> None:
    with pytest.raises(ZeroDivisionError), Attempts():
        raise ZeroDivisionError
