"""Stamps: the same for what is the same, another for what has changed, and always one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.sources.zips.container import archive_container
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
