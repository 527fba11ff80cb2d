"""A nested archive put where it can be read in any order, and the budget of all nesting levels.

Opened through a packed stream it would be unpacked anew for every entry. The file has no name
from the start, so that a run that is killed leaves nothing behind.
"""

import io
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from shared.errors import Fate, RunError, SkipError
from shared.records import MEBIBYTE, Limits
from shared.sources.files import read_at, remote_file
from shared.sources.zips.contents import Content
from shared.sources.zips.directory import STORED, Directory
from shared.sources.zips.end_record import End

RATIO_COUNTS_ABOVE_BYTES = 256 * MEBIBYTE
MAX_RECORD_BYTES = 1024
"""Allowed in a directory for each entry that is allowed; a usual one takes a tenth of it."""
MAX_DEPTH = 100
"""Each level holds a file open and a place on Python's stack."""
if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
MAX_MEMORY_BYTES = 4 * MEBIBYTE


class Budget:
    """What is left of the limits.

    An archive pays for all of its entries when it is opened, and it is opened only if all of it
    fits into what is left.
    """

    def __init__(self, limits: Limits, archive_bytes: int) -> None:
        self.limits = limits
        self._archive_bytes = archive_bytes
        self._by_ratio = max(RATIO_COUNTS_ABOVE_BYTES, limits.max_ratio * archive_bytes)
        self._n_bytes = 0
        self._n_entries = 0
        self._directory_bytes = 0

    def of_entry(self, packed_bytes: int) -> "Budget":
        """Begin the budget of what is nested in one entry of the top archive.

        By ratio it has the entry's share, so that many small ones cannot take more together than
        one large one; of all else it has what the top archive's own entries have left.
        """
        share = Budget(self.limits, self._archive_bytes)
        share._by_ratio = self._n_bytes + self._by_ratio * packed_bytes / self._archive_bytes
        share._n_bytes = self._n_bytes
        share._n_entries = self._n_entries
        share._directory_bytes = self._directory_bytes
        return share

    def check_depth(self, depth: int) -> None:
        """Refuse an archive that is nested too deep."""
        allowed = self.limits.max_depth
        if depth > MAX_DEPTH:
            raise SkipError(Fate.BUDGET, f"nested more than {MAX_DEPTH} deep, whatever is allowed")
        if depth > allowed:
            raise _spent(f"nested {depth} deep, allowed {allowed}", "max_depth")

    def check_directory(self, end: End) -> None:
        """Refuse a directory that would be too large to be looked over, before it is read."""
        allowed = self.limits.max_entries
        n_bytes = self._directory_bytes + end.size
        if n_bytes > allowed * MAX_RECORD_BYTES:
            found = f"its directory takes {n_bytes / MEBIBYTE:,.1f} MiB with those it is nested in"
            raise _spent(f"{found}, allowed 1 KiB for each of {allowed:,} entries", "max_entries")
        self._check_entries(end.n_entries)

    def _check_entries(self, n_entries: int) -> None:
        allowed = self.limits.max_entries
        if self._n_entries + n_entries > allowed:
            found = f"{n_entries:,} entries on top of {self._n_entries:,} around it"
            raise _spent(f"{found}, allowed {allowed:,}", "max_entries")

    def check_member(self, directory: Directory, index: int) -> None:
        """Refuse an entry of the top archive where it and those before it unpack to too much."""
        self._check_bytes(int(directory.unpacked[index]), "with the entries before it")

    def pay(self, directory: Directory, depth: int) -> None:
        """Take the whole cost of an archive that is about to be walked, or refuse it."""
        self._check_entries(len(directory))
        n_bytes = int(directory.unpacked[-1]) if len(directory) else 0
        if depth:
            self._check_bytes(self._n_bytes + n_bytes, "with the entries around it")
        self._n_bytes += n_bytes
        self._n_entries += len(directory)
        self._directory_bytes += len(directory.listing.raw)

    def _check_bytes(self, n_bytes: int, what: str) -> None:
        by_size = self.limits.max_unpacked_bytes
        allowed = min(self._by_ratio, by_size)
        if n_bytes > allowed:
            found = f"unpacks to {n_bytes / MEBIBYTE:,.1f} MiB {what}"
            option = "max_unpacked_gb" if allowed == by_size else "max_ratio"
            raise _spent(f"{found}, allowed {allowed / MEBIBYTE:,.1f}", option)


def _spent(found: str, option: str) -> SkipError:
    return SkipError(Fate.BUDGET, f"{found}. Raise it with --{option}.")


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
