import os
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.training.tags import load_tags


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
