"""A nested archive put where it can be read in any order: in its place, in memory, or in a file.

Opened through a packed stream it would be unpacked anew for every entry. The file has no name
from the start, so that a run that is killed leaves nothing behind.
"""

import io
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from shared.errors import RunError
from shared.records import MEBIBYTE
from shared.sources.files import read_at, remote_file
from shared.sources.zips.contents import Content
from shared.sources.zips.directory import STORED

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_MEMORY_BYTES = 4 * MEBIBYTE


def seekable(content: Content) -> IO[bytes]:
    """Give the content of an entry, known as sound, as a file, which the caller closes.

    What is stored in an archive on this machine is read where it lies; all else is unpacked.

    Raises
    ------
    SkipError
        As of `Content.iter_pieces`.
    RunError
        The temporary folder cannot be written: no fault of the archive's.
    """
    if content.entry.method != STORED or remote_file(content.file):
        return spooled(content.iter_pieces())
    for _ in content.iter_pieces():
        pass  # only its checksum is of interest
    return io.BufferedReader(_Stretch(content.file, content.start, content.entry.size))


def spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """Write pieces to a temporary file, which the caller closes.

    Raises
    ------
    RunError
        The temporary folder cannot be written.
    """
    spool: IO[bytes] = SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115 - outlives this call
    try:
        for piece in pieces:
            try:
                spool.write(piece)
            except OSError as error:
                raise RunError(
                    "temporary folder",
                    f"could not be written: {error.strerror or error}",
                    "Free some space there, or name another folder in TMPDIR",
                ) from error
    except BaseException:
        spool.close()
        raise
    return spool


class _Stretch(io.RawIOBase):
    """A part of an open file as a file of its own; closing it leaves the other one open."""

    def __init__(self, file: IO[bytes], start: int, n_bytes: int) -> None:
        self._file = file
        self._start = start
        self._n_bytes = n_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_CUR: self._at, io.SEEK_END: self._n_bytes}.get(whence, 0)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        n_wanted = max(0, min(len(view), self._n_bytes - self._at))
        found = read_at(self._file, self._start + self._at, n_wanted)
        view[: len(found)] = found
        self._at += len(found)
        return len(found)
