import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RunError
from shared.names import printable
from shared.training.tags import load_tags, model_names, page_names


def written(folder: Path, content: bytes) -> Path:
    path = folder / "tags.json"
    path.write_bytes(content)
    return path


def test_tags_come_with_their_hashes(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"cat": ["a", "b"], "dog": []}')
    assert load_tags(path) == {"cat": ["a", "b"], "dog": []}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load_tags(written(tmp_path, b'\xef\xbb\xbf{"cat": []}')) == {"cat": []}


def test_a_tag_that_no_database_can_hold_is_spelled_so_that_it_can(tmp_path: Path) -> None:
    assert list(load_tags(written(tmp_path, rb'{"a\ud800": []}'))) == [r"a\ud800"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b'{"cat": ' + b"9" * 5000 + b"}",
        b"<html>",
        b"[]",
        b'"cat"',
        b"null",
        b'{"cat": "a"}',
        b'{"cat": {"a": 1}}',
        b'{"cat": [1]}',
        b'{"cat": [null]}',
    ],
)
def test_anything_else_is_one_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(RunError) as caught:
        load_tags(path)
    assert caught.value.where == str(path)
    assert "input-tag-to-image-hash-list.json" in caught.value.remedy


@pytest.mark.parametrize(("content", "found"), [(b" \n", "is empty"), (b"{}", "holds no tags")])
def test_a_file_without_tags_is_said_to_be_one(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(RunError, match=found):
        load_tags(written(tmp_path, content))


@pytest.mark.parametrize("device", [None, "/dev/zero"])
def test_a_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path, device: str | None) -> None:
    path = tmp_path / "tags.json"
    path.symlink_to(device) if device else os.mkfifo(path)
    with pytest.raises(RunError, match="cannot be read: not a regular file"):
        load_tags(path)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        load_tags(tmp_path / name)


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
    classifiers, pages = model_names("svm", tags).values(), page_names(tags).values()
    for names, end in ((classifiers, ".pkl"), (pages, ".html")):
        assert len({name.casefold() for name in names}) == len(tags)
        assert all(name.endswith(end) for name in names)
    for name in (*classifiers, *pages):
        assert Path(name).name == name
        assert len(name.encode()) <= 255
        assert printable(name) == name


def test_a_tag_keeps_its_name_when_others_come_or_go() -> None:
    assert names("a/b", "x")[0] == names("a/b")[0]
    assert names("cat", "dog")[0] == names("cat")[0]
