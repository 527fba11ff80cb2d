import os
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.metadata.json_stream import BrokenJsonError
from shared.metadata.opening import MetadataFile


def refusal(path: Path) -> RunError:
    with pytest.raises(RunError) as caught, MetadataFile(path) as opened:
        opened.window()
    return caught.value


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\xef\xbb\xbf", "begins with a byte-order mark"),
        (b"<!DOCTYPE html><html>", "is a web page, not JSON"),
        (b"\n <html>", "is a web page, not JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "is a Git-LFS pointer"),
        (b"\x1f\x8b\x08\0\0", "is packed with gzip"),
        (b"PK\x03\x04", "is a zip archive"),
        ("{}".encode("utf-16"), "is UTF-16 or UTF-32"),
        ("{}".encode("utf-16-le"), "is UTF-16 or UTF-32"),
        ("{}".encode("utf-16-be"), "is UTF-16 or UTF-32"),
        ("{}".encode("utf-32"), "is UTF-16 or UTF-32"),
        (b"[]", "is a list at its top level"),
        (b'  [{"a": 1}]', "is a list at its top level"),
    ],
)
def test_what_is_no_object_in_json_is_refused_by_name(
    tmp_path: Path, content: bytes, found: str
) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(content)
    error = refusal(path)
    assert error.found.startswith(found)
    assert (error.where, bool(error.remedy)) == (str(path), True)


def test_a_missing_file_does_not_exist(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.json").found == "does not exist"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path).found == "is a folder or device, a file is needed"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").found == "is a folder or device, a file is needed"


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / ("x" * 300)).found == "cannot be read: File name too long"
    assert refusal(tmp_path / "a\0b").found.startswith("cannot be read: embedded null")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(b"{}")
    with MetadataFile(path) as opened:
        opened.window()
        path.write_bytes(b"{ }")
        with pytest.raises(RunError, match="was changed while it was read"):
            opened.check_unchanged()


@pytest.mark.parametrize(
    ("offset", "place"),
    [(0, "line 1, byte 1"), (2, "line 1, byte 3"), (3, "line 2, byte 4"), (6, "line 4, byte 7")],
)
def test_lines_and_bytes_are_counted_from_one(tmp_path: Path, offset: int, place: str) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(b"12\n4\n\n78")
    with MetadataFile(path) as opened:
        found = opened.broken(BrokenJsonError(offset, "no comma")).found
    assert found == f"is broken JSON at {place}: no comma"


@pytest.mark.parametrize(
    ("content", "answer"), [(b"PAR1...", True), (b"PAR", False), (b"", False), (b"{}", False)]
)
def test_parquet_is_told_by_its_first_bytes(tmp_path: Path, content: bytes, answer: bool) -> None:
    (tmp_path / "m").write_bytes(content)
    with MetadataFile(tmp_path / "m") as opened:
        assert opened.is_parquet() == answer


def test_no_more_is_read_than_there_is_whatever_is_asked(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"content")
    with MetadataFile(tmp_path / "m") as opened:
        opened.seek(3)
        assert (opened.read(2**62), opened.tell()) == (b"tent", 7)
        opened.seek(100)
        assert opened.read(1) == b""
