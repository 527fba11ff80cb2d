"""A file that is written under a hidden name and takes its place at once, or not at all.

The hidden name is fixed, so that whoever writes next removes what a killed process left. The disk
can be waited for, so that no name outlives its content at a power cut.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

UNFINISHED = ".unfinished_"
"""What the name of everything begins with that is not complete."""
_BUFFER_BYTES = 2**16


class Replacement:
    """A new file, open as ``file`` to read and write, gone after the block unless it was placed.

    Raises
    ------
    OSError
        Where the folder is missing, read-only or full, or a folder has the hidden name.
    """

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        self._path = path
        self._temporary = path.with_name(UNFINISHED + path.name.removeprefix("."))
        self._temporary.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self.file: BinaryIO = os.fdopen(os.open(self._temporary, flags, mode), "w+b", _BUFFER_BYTES)
        self._status = os.fstat(self.file.fileno())

    @property
    def created_ns(self) -> int:
        """Time of its creation by the clock of its file system."""
        return self._status.st_mtime_ns

    def place(self, *, durable: bool = True) -> None:
        """Close it and give it its name.

        Parameters
        ----------
        durable : bool
            Whether to wait until the disk has it, so that not even a power failure can leave a
            broken file under the name; what can tell a broken one need not wait.

        Raises
        ------
        OSError
            Where that fails. `FileExistsError` where another process has begun to write the same
            file meanwhile: it will place its own.
        """
        self.file.flush()
        if durable:
            os.fsync(self.file.fileno())
        self.file.close()
        if not self._is_ours():
            raise FileExistsError(f"{self._path} is being written by another process")
        self._temporary.replace(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # closing writes the rest of what is thrown away here
            self.file.close()
        if self._is_ours():
            with suppress(OSError):
                self._temporary.unlink()

    def _is_ours(self) -> bool:
        try:
            return os.path.samestat(self._temporary.stat(), self._status)
        except OSError:
            return False


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put a file of these bytes in the place of whatever is there but a folder.

    A link there is replaced, and what it leads to stays as it is.

    Raises
    ------
    OSError
        As of `Replacement`.
    """
    with Replacement(path) as replacement:
        replacement.file.write(content)
        replacement.place(durable=durable)


def write_new(path: Path, content: bytes) -> None:
    """Write a file where there is none, in a folder whose own name tells that it is not complete.

    Raises
    ------
    OSError
        Where something is there already, or the folder is missing, read-only or full.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "wb", 0) as file:
        written = 0
        while written < len(content):
            written += file.write(content[written:])


def synchronise(folder: Path) -> None:
    """Wait until the disk holds all of a folder's file system.

    Linux's ``syncfs``, which Python does not have: for 3,000 pictures with four links each it took
    0.03 to 0.3 s, an fsync of each 0.5 to 9 s. `os.sync` is as fast, but it tells of no error, and
    waits for other disks too.

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
