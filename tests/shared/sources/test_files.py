"""A disk that fails costs an input, never the run."""

import errno
import io
import os
from pathlib import Path

import pytest

from shared.errors import Fate, SkipError
from shared.sources.files import iter_chunks, length, open_archive_file, read_at


class FailingDisk(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return super().seek(offset, whence)


def test_failing_read_is_that_inputs_problem() -> None:
    with pytest.raises(SkipError, match="Input/output error") as caught:
        read_at(FailingDisk(b"abc"), 0, 3)
    assert caught.value.fate is Fate.UNREADABLE


def test_failing_seek_is_that_inputs_problem() -> None:
    with pytest.raises(SkipError, match="Stale"):
        length(FailingDisk())


def test_chunks_are_those_of_the_place_though_others_read_between() -> None:
    file = io.BytesIO(bytes(range(100)))
    chunks = []
    for chunk in iter_chunks(file, 10, 50, 7):
        chunks.append(chunk)
        file.seek(90)
    assert b"".join(chunks) == bytes(range(10, 60))
    assert {len(chunk) for chunk in chunks} == {7, 1}


def test_chunks_end_with_the_file() -> None:
    assert list(iter_chunks(io.BytesIO(b"abc"), 1, 10**9)) == [b"bc"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_that_inputs_problem(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch(0)
    with pytest.raises(SkipError, match="Permission denied"):
        open_archive_file(tmp_path / "a.zip")
