"""Opening a file that may be anything: without waiting for it, and read up to a limit.

A pipe in its place would keep a run waiting for ever, `/dev/zero` would fill the memory, and a link
in the place of a file of ours leads out of the output folder. How files are written is told in
`replacing`: a file of ours takes the place of whatever is there, and follows no link either.
"""

import errno
import os
from io import FileIO
from pathlib import Path
from stat import S_ISREG

_BLOCK_BYTES = 2**16
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class NotRegularError(OSError):
    """A folder, a pipe, a device or the like stands where a file is needed."""


class TooLargeError(OSError):
    """A file is larger than what is read of it."""


def resolved(path: Path) -> Path:
    """Spell a path in full and without links; links that lead in a circle are left as they are."""
    return Path(os.path.realpath(path))  # `Path.resolve` raises there before Python 3.13


def open_regular(path: Path, *, ours: bool = False) -> FileIO:
    """Open a file to read it, unbuffered.

    Parameters
    ----------
    path : Path
        Where it is.
    ours : bool
        Whether only this project writes it, so that a link there is somebody else's doing.

    Raises
    ------
    NotRegularError
        Where something else is there.
    OSError
        Where it cannot be opened, or a link stands in the place of a file of ours.
    ValueError
        For a path that no file can have.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NEVER_WAIT | (_NO_LINK if ours else 0)
    descriptor = os.open(path, flags)
    # Asked of what is open: at the path there may be something else by now.
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, "not a regular file", str(path))
    return FileIO(descriptor, "rb")


def read_small(path: Path, max_bytes: int, *, ours: bool = False) -> bytes:
    """Read a whole file that is known to be small; as `open_regular` otherwise.

    Raises
    ------
    TooLargeError
        Where the file is larger than ``max_bytes``.
    """
    with open_regular(path, ours=ours) as file:
        size = os.fstat(file.fileno()).st_size
        blocks, left = [], max_bytes + 1 if size <= max_bytes else 0
        # At once, as a rule; but the size that is told need not be the last word on it.
        while left and (block := file.read(min(left, max(size, _BLOCK_BYTES)))):
            blocks.append(block)
            left -= len(block)
    if not left:
        found = f"larger than {max_bytes} bytes, the most that is read"
        raise TooLargeError(errno.EFBIG, found, str(path))
    return b"".join(blocks)
