"""The fates are a closed set, and a fate alone says whether it is a problem."""

from shared.fates import HARMLESS, Fate

PROBLEMS = {
    "unreadable",
    "corrupt",
    "truncated",
    "crc",
    "encrypted",
    "unsupported_method",
    "unsupported_format",
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
