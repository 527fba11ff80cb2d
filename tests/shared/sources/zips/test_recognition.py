"""What counts as an archive."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from shared.sources.zips.recognition import is_archive, is_archive_file
from tests.archive_cases.zips import Part, zip_of


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "x/b.Cbz", ".zip"])
def test_told_by_name(name: str) -> None:
    assert is_archive(name, b"")


@pytest.mark.parametrize("head", [zip_of(Part("a"))[:64], zip_of()[:64]])
def test_told_by_content(head: bytes) -> None:
    assert is_archive("a.png", head)


@pytest.mark.parametrize(
    ("name", "head"), [("a.png", b"\x89PNG"), ("zip", b"PK"), ("a.zipx", b"PK\x07\x08")]
)
def test_others_are_none(name: str, head: bytes) -> None:
    assert not is_archive(name, head)


def test_file_is_told_by_its_own_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(zip_of(Part("a")))
    (tmp_path / "b").write_bytes(b"text")
    assert is_archive_file(tmp_path / "a")
    assert not is_archive_file(tmp_path / "b")


def test_file_that_is_gone_or_none_is_told_by_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert is_archive_file(tmp_path / "gone.zip")
    assert not is_archive_file(tmp_path / "gone.txt")
    assert not is_archive_file(tmp_path / "pipe")


def test_file_that_cannot_be_read_may_be_one_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a.dat").touch()
    monkeypatch.setattr("shared.sources.zips.files.open_regular", refuse)
    assert is_archive_file(tmp_path / "a.dat")
