"""Litter, and spellings that are each an entry's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.listings import is_litter, respelled, spelling

NAMES = st.lists(st.sampled_from(["a", "a#2", "a#3", "b", "b#2", "a#2#2", ""]), max_size=12)


@pytest.mark.parametrize(
    "path",
    [
        "__MACOSX/a.png",
        "x/__macosx/a/b.png",
        "._a.png",
        "x/._a.png",
        "x\\Thumbs.db",
        "THUMBS.DB",
        ".DS_Store",
        "Desktop.ini",
        "@eaDir/x.jpg",
        "a/@eaDir",
    ],
)
def test_litter_is_told_by_path(path: str) -> None:
    assert is_litter(path)


@pytest.mark.parametrize("path", ["a.png", "_.png", "my__MACOSX/a.png", "thumbs.db.png", ".a", ""])
def test_what_only_looks_like_litter_is_kept(path: str) -> None:
    assert not is_litter(path)


@given(NAMES)
def test_every_spelling_is_unique(names: list[str]) -> None:
    fresh = respelled(names)
    assert len({fresh.get(i, name) for i, name in enumerate(names)}) == len(names)


@given(NAMES)
def test_first_of_a_name_keeps_it(names: list[str]) -> None:
    assert not {names.index(name) for name in names} & respelled(names).keys()


def test_one_name_for_all_takes_linear_time() -> None:
    assert respelled(["1.png"] * 50_000)[49_999] == "1.png#50000"


@given(st.text())
def test_spelling_can_be_stored_and_shows_no_nesting(name: str) -> None:
    spelled = spelling(name)
    assert "!/" not in spelled
    assert "\0" not in spelled
    spelled.encode("utf-8")


def test_plain_name_is_spelled_as_it_is() -> None:
    assert spelling("a b/猫!.png") == "a b/猫!.png"
