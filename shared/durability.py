"""Has the disk hold what was written, so that a name never outlives its content at a power cut.

Nothing is written here; a process that is merely killed needs none of it.
"""

import os
from pathlib import Path


def synchronise(folder: Path) -> None:
    """Wait until the disk holds all of a folder's file system.

    One call for all files: one for each would take as long as writing them.

    Raises
    ------
    OSError
        Where something could not be written, perhaps long after its file was closed.
    """
    import ctypes  # noqa: PLC0415 - slow to import, and an unchanged run does without it

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs := getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None):
            if syncfs(descriptor):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
        else:
            os.sync()
    finally:
        os.close(descriptor)


def synchronise_names(folder: Path) -> None:
    """Wait until the disk holds the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
