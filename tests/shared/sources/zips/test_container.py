"""What counts as an archive; stamps: the same for the same, another for what has changed."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from shared.sources.zips.container import archive_container, is_archive, is_archive_file
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import Part, zip_of

Written = Callable[[bytes], Path]
ARCHIVE = zip_of(Part("1.png", RED), Part("2.png", GREEN))


def stamp(path: Path, content: bytes | None = None) -> bytes:
    """Stamp of a file that keeps its modification time."""
    if content is not None:
        path.write_bytes(content)
    os.utime(path, ns=(7, 7))
    return archive_container(path).stamp


def test_container_tells_where_and_how_many(written: Written) -> None:
    path = written(ARCHIVE)
    found = archive_container(path)
    assert (found.location, found.address, found.n_entries) == (str(path), str(path), 2)


def test_unchanged_archive_keeps_its_stamp(written: Written) -> None:
    path = written(ARCHIVE)
    assert stamp(path) == stamp(path, ARCHIVE)


@pytest.mark.parametrize(
    "content",
    [
        zip_of(Part("1.png", RED), Part("3.png", GREEN)),
        zip_of(Part("1.png", RED), Part("2.png", BLUE)),
        zip_of(Part("2.png", GREEN), Part("1.png", RED)),
        zip_of(Part("1.png", RED)),
    ],
    ids=["renamed", "replaced", "reordered", "removed"],
)
def test_changed_archive_has_another_stamp(written: Written, content: bytes) -> None:
    path = written(ARCHIVE)
    before = stamp(path)
    assert stamp(path, content) != before


def test_touched_archive_has_another_stamp(written: Written) -> None:
    path = written(ARCHIVE)
    before = stamp(path)
    os.utime(path, ns=(8, 8))
    assert archive_container(path).stamp != before


def test_members_are_not_read_for_it(written: Written) -> None:
    path = written(ARCHIVE)
    before = stamp(path)
    assert stamp(path, ARCHIVE.replace(RED[-30:], bytes(30))) == before


@pytest.mark.parametrize("content", [b"", b"no zip", ARCHIVE[:-9], b"PK\x05\x06" * 99])
def test_what_is_no_archive_has_a_stamp_of_its_content(written: Written, content: bytes) -> None:
    path = written(content)
    assert archive_container(path).n_entries == 0
    assert stamp(path) != stamp(path, content[:-1] + b"?")


def test_what_is_gone_has_a_stamp_too(tmp_path: Path) -> None:
    gone = archive_container(tmp_path / "gone.zip")
    assert (len(gone.stamp), gone.n_entries) == (32, 0)


def test_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    assert archive_container(tmp_path / "pipe.zip").n_entries == 0


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
    monkeypatch.setattr("shared.sources.files.open_regular", refuse)
    assert is_archive_file(tmp_path / "a.dat")
