"""What is no regular file is told at once, and a limit holds whatever the file says of itself."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.regular_files import NotRegularError, TooLargeError, open_regular, read_small, resolved

OTHERS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert read_small(tmp_path / "file", 7) == b"content"
    (tmp_path / "file").write_bytes(b"")
    assert read_small(tmp_path / "file", 7) == b""


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_anything_else_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "other")
    with pytest.raises(NotRegularError):
        open_regular(tmp_path / "other")


def test_a_socket_cannot_be_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="No such device"):
            open_regular(tmp_path / "socket")


def test_nothing_stays_open_of_what_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(NotRegularError):
        open_regular(tmp_path / "pipe")
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_a_link_is_followed_unless_the_file_is_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_small(tmp_path / "link", 7) == b"content"
    with pytest.raises(OSError, match="symbolic links"):
        read_small(tmp_path / "link", 7, ours=True)


def test_a_file_that_is_too_large_is_an_error_that_tells_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(TooLargeError, match="larger than 6 bytes"):
        read_small(tmp_path / "file", 6)


def test_a_file_without_a_size_is_bounded_too(tmp_path: Path) -> None:
    # What the kernel makes up on reading is a regular file of 0 bytes.
    endless = tmp_path / "endless"
    endless.symlink_to("/proc/self/smaps")
    assert endless.stat().st_size == 0
    with pytest.raises(TooLargeError):
        read_small(endless, 1000)
    assert read_small(Path("/proc/self/stat"), 10_000).startswith(str(os.getpid()).encode())


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_small(tmp_path / "missing", 1)


def test_a_path_is_spelled_without_links_unless_they_lead_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "place")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert resolved(tmp_path / "link" / "x") == tmp_path / "place" / "x"
    assert resolved(tmp_path / "circle") == tmp_path / "circle"
