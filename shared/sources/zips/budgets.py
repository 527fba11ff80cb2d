"""What one archive may cost, and what may be nested in each of its entries, all levels together.

What becomes of an entry depends on the top directory and on that entry alone, wherever reading
starts and whoever reads what lies beside it.
"""

from shared.errors import Fate, SkipError
from shared.records import MEBIBYTE, Limits
from shared.sources.zips.directory import Directory
from shared.sources.zips.end_record import End

RATIO_COUNTS_ABOVE_BYTES = 256 * MEBIBYTE
MAX_RECORD_BYTES = 1024
"""Allowed in a directory for each entry that is allowed; a usual one takes a tenth of it."""

MAX_DEPTH = 100
"""Each level holds a file open and a place on Python's stack."""


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
