"""Bytes at a place of an open file; a disk that fails costs this input, not the run."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import IO

from shared.errors import SkipError
from shared.fates import Fate

CHUNK_BYTES = 2**20


def location_of(path: Path) -> str:
    """Absolute path of an archive; links stay, for each of them is an archive of its own."""
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links


def open_archive_file(path: Path) -> IO[bytes]:
    """Open a plain file on disk for reading; anything else could block or never end."""
    try:
        if not S_ISREG(path.stat().st_mode):
            raise SkipError(Fate.NOT_REGULAR, "not a plain file")
        return path.open("rb")
    except OSError as error:
        raise unreadable(error) from error


def unreadable(error: OSError) -> SkipError:
    """Say why the disk would not give an input: no fate of its own, but a reason."""
    return SkipError(Fate.UNREADABLE, f"could not be read: {error.strerror or error}")


def read_at(file: IO[bytes], offset: int, n_bytes: int) -> bytes:
    """Read bytes from an offset on; fewer than asked for only at the end of the file."""
    try:
        file.seek(offset)
        return file.read(n_bytes)
    except OSError as error:
        raise unreadable(error) from error


def iter_chunks(
    file: IO[bytes], offset: int, n_bytes: int, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield bytes from an offset on, a chunk at a time; others may use the file in between."""
    end = offset + n_bytes
    while offset < end and (chunk := read_at(file, offset, min(chunk_bytes, end - offset))):
        yield chunk
        offset += len(chunk)


def length(file: IO[bytes]) -> int:
    """Size of an open file in bytes."""
    try:
        return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise unreadable(error) from error
