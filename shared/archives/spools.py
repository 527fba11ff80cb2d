"""A nested archive put where it can be read in any order: in memory, or a file without a name.

Opened through its parent's stream it would be unpacked anew for every entry. The file is unlinked
from the start, so that a run that is killed leaves nothing behind.
"""

from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO

from shared.errors import RunError
from shared.records import MEBIBYTE

MAX_MEMORY_BYTES = 4 * MEBIBYTE


def spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """Write pieces to a temporary file, which the caller closes.

    Raises
    ------
    RunError
        The temporary folder cannot be written: no fault of the archive's.
    """
    spool: IO[bytes] = SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115 - outlives this call
    try:
        for piece in pieces:
            _write(spool, piece)
    except BaseException:
        spool.close()
        raise
    return spool


def _write(spool: IO[bytes], piece: bytes) -> None:
    try:
        spool.write(piece)
    except OSError as error:
        raise RunError(
            "temporary folder",
            f"could not be written: {error.strerror or error}",
            "Free some space there, or name another folder in TMPDIR",
        ) from error
