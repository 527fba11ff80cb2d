"""Directories as streams: their files, their folders, and the loose files of one as members.

All is sorted, so that two runs see the same. Links to folders are not followed, links to files
are. Nothing here knows of pictures or archives.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from shared.errors import Fate, SkipError
from shared.names import container_address, is_litter, respelled, spelling, storable
from shared.records import HEAD_BYTES, Container, EntryKey, Limits, Member, Place, Skipped
from shared.regular_files import open_regular
from shared.sources.files import check_size, device_of, location_of, unreadable

SETTLED_SECONDS = 3
"""A folder that has not changed for longer than any clock's step tells every later change."""
_LAST: dict[tuple[object, ...], tuple[list[str], dict[int, str]]] = {}


def iter_files(directory: Path, excluded: Path | None) -> Iterator[Path | Skipped]:
    """Yield the files below a directory: those of a folder first, then those of its folders.

    Parameters
    ----------
    directory : Path
        Where to start; the yielded paths begin with it.
    excluded : Path or None
        A folder that is not entered, unless it is the directory itself: the run's own output.

    Yields
    ------
    Path or Skipped
        A plain file, by its path. As skipped, with an empty ``entry``: folders that cannot be read
        and what is no plain file. Litter is passed over.
    """
    for folder in _iter_listed(directory, excluded, enters_litter=False):
        if isinstance(folder, Skipped):
            yield folder
        else:
            yield from (_plain(folder.path / n) for n in folder.files if not is_litter(n))


def iter_folders(directory: Path, excluded: Path | None) -> Iterator[Path | Skipped]:
    """Yield the folders that hold anything but folders, from a directory on down.

    Folders that cannot be read come as skipped. Parameters as of `iter_files`.
    """
    for folder in _iter_listed(directory, excluded, enters_litter=True):
        if isinstance(folder, Skipped):
            yield folder
        elif folder.files:
            yield folder.path


def check_folder(path: Path) -> None:
    """Raise SkipError where a folder is not entered: it cannot be read, or is a link to one."""
    if path.is_symlink():
        _size(path)
    _listed(path)


def folder_container(path: Path) -> Container:
    """Give a folder's location, address, stamp and number of files. Nothing is raised.

    The stamp digests names, sizes and modification times of what lies directly in it; of a folder
    that cannot be read, the reason: `iter_folder_members` is who raises it.
    """
    location = location_of(path)
    digest = hashlib.sha256()
    files: list[str] = []
    failure = ""
    try:
        files = _listed(path).files
    except SkipError as error:
        digest.update(str(error).encode())
        failure = error.reason
    n_bytes = 0
    for name in files:
        state, size = _state(path / name)
        digest.update(os.fsencode(name) + b"\0" + state)
        n_bytes += size
    address, device = container_address(location), device_of(path)
    return Container(location, address, digest.digest(), len(files), failure, device, n_bytes)


def emptied_above(directory: Path, location: Path, device: int) -> tuple[Path, str] | None:
    """Find the folder below a directory that may have lost a drive, with all that lay in it.

    Parameters
    ----------
    directory : Path
        Where the search ends; what it has lost itself is not asked here.
    location : Path
        What was there and is not.
    device : int
        Number of the disk that it lay on; 0 where that is not known.

    Returns
    -------
    (Path, str) or None
        The folder, and what is strange about it. None where it has been taken away by somebody.
    """
    for folder in (location, *location.parents):
        if folder == directory or not folder.is_relative_to(directory):
            return None
        try:
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                is_empty = next(entries, None) is None
            if is_empty:
                return folder, "is empty now"
            if device and folder.stat().st_dev != device:
                return folder, "lies on another disk now"
        except OSError as error:
            return folder, f"cannot be read: {error.strerror}"
        return None
    return None


def iter_folder_members(
    folder: Path, limits: Limits, start_after: EntryKey = ()
) -> Iterator[Member | Skipped]:
    """Yield what lies directly in a folder and is no folder itself, sorted by name.

    Parameters
    ----------
    folder : Path
        The folder.
    limits : Limits
        Of which ``max_member_bytes`` holds for each file.
    start_after : tuple of int
        The ``entry`` of the last one that is not wanted again; empty for all.

    Raises
    ------
    SkipError
        The folder cannot be read; always before anything is yielded.
    """
    files, spellings = _spelled(folder)
    location = location_of(folder)
    above = container_address(os.path.join(location, ""))  # noqa: PTH118 - ends in a slash
    for index in range(start_after[0] + 1 if start_after else 0, len(files)):
        name = files[index]
        address = above + (spellings.get(index) or spelling(name))
        place = Place((index,), address, container_address(location), storable(name))
        try:
            content = _opened(folder / name, limits.max_member_bytes)
        except SkipError as error:
            yield Skipped(place, error.fate, error.reason)
        else:
            with content.file:
                yield Member(place, content.size, content.head, content.read)


def _spelled(folder: Path) -> tuple[list[str], dict[int, str]]:
    """List a folder's files and respell them, or give what was found last where it is the same.

    The slices of a large folder follow each other in a process; listing it takes far longer than
    to ask whether it has changed.
    """
    try:
        status = folder.stat()
    except OSError as error:
        raise unreadable(error) from error
    wanted = (folder, status.st_dev, status.st_ino, status.st_mtime_ns)
    if wanted in _LAST:
        return _LAST[wanted]
    files = _listed(folder).files
    found = files, respelled(map(spelling, files))
    _LAST.clear()
    if time.time() - status.st_mtime > SETTLED_SECONDS:
        _LAST[wanted] = found
    return found


@dataclass(frozen=True, slots=True)
class _LooseFile:
    file: BinaryIO
    size: int
    head: bytes

    def read(self) -> bytes:
        try:
            self.file.seek(0)
            content = self.file.read(self.size + 1)
        except OSError as error:
            raise unreadable(error) from error
        if len(content) != self.size:
            raise SkipError(Fate.SIZE_MISMATCH, "has changed while it was being read")
        return content


def _opened(path: Path, max_member_bytes: int) -> _LooseFile:
    if is_litter(location_of(path)):
        raise SkipError(Fate.IGNORED, "")
    size = _size(path)
    check_size(size, max_member_bytes)
    try:
        file = BufferedReader(open_regular(path))
        return _LooseFile(file, size, file.read(HEAD_BYTES))
    except OSError as error:
        raise unreadable(error) from error


def _size(path: Path) -> int:
    """Size of a plain file in bytes; anything else could block when it is opened."""
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink():
            raise SkipError(Fate.NOT_REGULAR, "a link that leads nowhere") from error
        raise unreadable(error) from error
    if S_ISDIR(status.st_mode):
        raise SkipError(Fate.NOT_REGULAR, "a link to a folder, not followed. Name that folder.")
    if not S_ISREG(status.st_mode):
        raise SkipError(Fate.NOT_REGULAR, "a device, a socket or the like, no plain file")
    return status.st_size


def _plain(path: Path) -> Path | Skipped:
    try:
        _size(path)
    except SkipError as error:
        return _skipped(path, error)
    return path


def _skipped(path: Path, error: SkipError) -> Skipped:
    address, parent = (container_address(location_of(p)) for p in (path, path.parent))
    return Skipped(Place((), address, parent, storable(path.name)), error.fate, error.reason)


def _state(path: Path) -> tuple[bytes, int]:
    """Tell what a changed file differs in, and its size in bytes."""
    try:
        status = path.stat()
    except OSError as error:
        return f"{error.strerror} ".encode(), 0
    state = f"{status.st_mode} {status.st_size} {status.st_mtime_ns} "
    return state.encode(), status.st_size


@dataclass(frozen=True, slots=True)
class _Listed:
    """Names in one folder, sorted: those of its folders, and all others."""

    path: Path
    folders: list[str]
    files: list[str]


def _listed(path: Path) -> _Listed:
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                names = folders if entry.is_dir(follow_symlinks=False) else files
                names.append(entry.name)
    except OSError as error:
        raise unreadable(error) from error
    return _Listed(path, sorted(folders), sorted(files))


def _iter_listed(
    directory: Path, excluded: Path | None, enters_litter: bool
) -> Iterator[_Listed | Skipped]:
    barred = _identity(excluded) if excluded else None
    waiting = [directory]
    while waiting:
        path = waiting.pop()
        try:
            folder = _listed(path)
        except SkipError as error:
            yield _skipped(path, error)
            continue
        yield folder
        waiting.extend(
            path / name
            for name in reversed(folder.folders)
            if (enters_litter or not is_litter(name))
            and (barred is None or _identity(path / name) != barred)
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
