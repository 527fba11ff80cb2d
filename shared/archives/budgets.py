"""What one archive may cost with all that is nested in it; one count for all levels."""

from shared.archives.directory import Directory
from shared.archives.ends import End
from shared.errors import SkipError
from shared.fates import Fate
from shared.records import MEBIBYTE, Limits

RATIO_COUNTS_ABOVE_BYTES = 256 * MEBIBYTE
MAX_RECORD_BYTES = 1024
"""Allowed in a directory for each entry that is allowed; a usual one takes a tenth of it."""

MAX_DEPTH = 100
"""Each level holds a file open and a place on Python's stack."""


class Budget:
    """What is left of the limits of one top archive.

    An archive pays for all of its entries when it is opened. So what becomes of the top archive's
    own members depends on its directory alone, wherever reading starts; and a nested archive is
    opened only if all of it fits into what is left.
    """

    def __init__(self, limits: Limits, archive_bytes: int) -> None:
        by_ratio = max(RATIO_COUNTS_ABOVE_BYTES, limits.max_ratio * archive_bytes)
        self.limits = limits
        self._max_bytes = min(by_ratio, limits.max_unpacked_bytes)
        self._option = "max_ratio" if self._max_bytes == by_ratio else "max_unpacked_gb"
        self._n_bytes = 0
        self._n_entries = 0
        self._directory_bytes = 0

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
        if n_bytes > self._max_bytes:
            found = f"unpacks to {n_bytes / MEBIBYTE:,.1f} MiB {what}"
            raise _spent(f"{found}, allowed {self._max_bytes / MEBIBYTE:,.1f}", self._option)


def _spent(found: str, option: str) -> SkipError:
    return SkipError(Fate.BUDGET, f"{found}. Raise it with --{option}.")
