"""The disk holds what was written, or a failure says that it does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.durability import synchronise, synchronise_names


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
