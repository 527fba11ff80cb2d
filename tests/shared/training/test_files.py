from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.names import printable
from shared.training.files import model_names


def names(*tags: str) -> list[str]:
    return list(model_names("svm", tags).values())


@pytest.mark.parametrize("tag", ["cat", "Cat", "digit-3", "v1.5", "a b", "Katze & Hündin", "四"])
def test_a_plain_tag_stands_in_the_name_as_it_is(tag: str) -> None:
    assert names(tag, "other") == [f"model-svm-tag-{tag}.pkl", "model-svm-tag-other.pkl"]


@pytest.mark.parametrize(
    "tag", ["a/b", "a\\b", "a:b", "a\nb", "\x1b[2J", "a~b", "../../x", "x" * 150, "a\0b", "a?"]
)
def test_any_other_tag_has_a_digest_of_itself_in_the_name(tag: str) -> None:
    (name,) = names(tag)
    assert name.startswith("model-svm-tag-")
    assert name[-13] == "~"
    assert name.endswith(".pkl")


@pytest.mark.parametrize(("one", "two"), [("cat", "Cat"), ("\u00e9", "e\u0301"), ("ß", "ss")])
def test_tags_that_a_file_system_may_confuse_have_names_that_it_cannot(one: str, two: str) -> None:
    assert len({name.casefold() for name in names(one, two)}) == 2
    assert all("~" in name for name in names(one, two))


@given(st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200), max_size=8))
def test_no_two_tags_share_a_file_and_each_name_is_one_name(tags: set[str]) -> None:
    found = [name.casefold() for name in model_names("svm", tags).values()]
    assert len(set(found)) == len(tags)
    for name in found:
        assert Path(name).name == name
        assert len(name.encode()) <= 255
        assert printable(name) == name


def test_a_tag_keeps_its_name_when_others_come_or_go() -> None:
    assert names("a/b", "x")[0] == names("a/b")[0]
    assert names("cat", "dog")[0] == names("cat")[0]
