"""A file appears whole or not at all, and the disk holds it or a failure says that it does not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.replacing import (
    UNFINISHED,
    Replacement,
    replace_file,
    synchronise,
    synchronise_names,
    write_new,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_placed_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with Replacement(path) as replacement:
        replacement.file.write(b"new")
        replacement.place()
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["file"])


def test_the_old_file_stays_until_the_new_one_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with Replacement(path) as replacement:
        replacement.file.write(b"new")
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


def test_an_interruption_leaves_no_trace(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Replacement(tmp_path / "file") as replacement:
            replacement.file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}file").write_bytes(b"half")
    with Replacement(tmp_path / "file") as replacement:
        replacement.place()
    assert (tmp_path / "file").read_bytes() == b""
    assert names(tmp_path) == ["file"]


def test_of_two_writers_the_later_places_its_file_and_the_earlier_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Replacement(path) as earlier, Replacement(path) as later:
        earlier.file.write(b"earlier")
        later.file.write(b"later")
        with pytest.raises(FileExistsError):
            earlier.place()
        later.place()
    assert (path.read_bytes(), names(tmp_path)) == (b"later", ["file"])


def test_an_earlier_writer_that_gives_up_leaves_the_later_ones_file(tmp_path: Path) -> None:
    with Replacement(tmp_path / "file"):
        later = Replacement(tmp_path / "file")
    later.place()
    assert names(tmp_path) == ["file"]


def test_the_name_of_a_hidden_file_gets_no_second_dot(tmp_path: Path) -> None:
    with Replacement(tmp_path / ".file"):
        assert names(tmp_path) == [".unfinished_file"]


def test_permissions_are_as_asked(tmp_path: Path) -> None:
    with Replacement(tmp_path / "file", mode=0o600) as replacement:
        replacement.place()
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        Replacement(tmp_path / "missing" / "file")


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    tmp_path: Path, exists: bool
) -> None:
    target = tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"precious")
    for name in ("file", f"{UNFINISHED}file"):
        (tmp_path / name).symlink_to(target)
    replace_file(tmp_path / "file", b"new")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"precious"] * exists


def test_a_pipe_in_the_place_of_a_file_is_replaced_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")
    replace_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("wait", [synchronise, synchronise_names])
def test_a_folder_can_be_waited_for(tmp_path: Path, wait: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_bytes(b"content")
    wait(tmp_path)


@pytest.mark.parametrize("wait", [synchronise, synchronise_names])
def test_a_folder_that_is_not_there_is_told(tmp_path: Path, wait: Callable[[Path], None]) -> None:
    with pytest.raises(FileNotFoundError):
        wait(tmp_path / "nowhere")


def test_without_the_call_for_one_file_system_all_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[bool] = []
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    monkeypatch.setattr("os.sync", lambda: waited.append(True))
    synchronise(tmp_path)
    assert waited


def test_what_could_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        """A C library whose calls fail."""

        def syncfs(self, _: int) -> int:
            return -1

    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Library())
    monkeypatch.setattr("ctypes.get_errno", lambda: 5)
    with pytest.raises(OSError, match="Input/output error"):
        synchronise(tmp_path)


def test_a_new_file_takes_no_other_ones_place(tmp_path: Path) -> None:
    write_new(tmp_path / "file", b"new")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, b"newer")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file", "link"]
