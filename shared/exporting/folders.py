"""A folder of copied pictures, each with its caption. It gets its name when it is complete.

A file in it tells that it is an export, which alone may be replaced.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from shared.errors import RunError
from shared.exporting.captions import Captioner
from shared.exporting.pictures import Fetched
from shared.hashing import content_digest
from shared.names import extension, file_name
from shared.replacing import UNFINISHED, replace_file, synchronise, synchronise_names
from shared.results.files import failed, held_folder, make_folder

METADATA_FILE = "metadata.jsonl"
PROBLEMS_FILE = "problems.csv"
_EXTENSIONS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".mpo"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
}


@dataclass(frozen=True, slots=True)
class FolderMark:
    """The file by which it is known that a command has made a folder, and may replace it."""

    file: str
    maker: str

    @property
    def content(self) -> bytes:
        """What the file says to a person."""
        made = f"made by {self.maker}; --overwrite replaces this folder with all that is in it\n"
        return made.encode()


EXPORT = FolderMark(".export", "export.py")


def check_folder(target: Path, mark: FolderMark, *, overwrite: bool) -> None:
    """Refuse to make a folder where something is already.

    Raises
    ------
    RunError
        Where there is anything but an empty folder, or, with ``overwrite``, one with the mark.
    """
    try:
        if not os.path.lexists(target) or (
            target.is_dir() and not target.is_symlink() and not any(target.iterdir())
        ):
            return
    except OSError as error:
        raise failed(target, error) from error
    if not overwrite:
        raise RunError(
            str(target), "is there already", "Name another --target, or replace it: --overwrite."
        )
    if target.is_symlink() or not (target / mark.file).is_file():
        found = f"is no folder that {mark.maker} has made, and is not replaced"
        raise RunError(str(target), found, "Name another --target.")


@contextmanager
def new_folder(target: Path, mark: FolderMark) -> Iterator["ExportFolder"]:
    """Begin a folder; it takes the place of what `check_folder` allows when the block ends well.

    Raises
    ------
    RunError
        Where it cannot be written, or another process writes it.
    """
    hidden = target.with_name(UNFINISHED + target.name)
    make_folder(hidden)
    try:
        with held_folder(hidden), _removed_on_failure(hidden):
            _clear(hidden)
            yield ExportFolder(hidden)
            _settle(hidden, mark)
    finally:
        with suppress(OSError):  # one that another process holds is not empty
            hidden.rmdir()
    with _removed_on_failure(hidden):
        _place(hidden, target)


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _clear(hidden: Path) -> None:
    """Remove what a run that was killed has left."""
    try:
        for path in hidden.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif not path.name.startswith(".lock"):
                path.unlink()
    except OSError as error:
        raise failed(hidden, error) from error


def _settle(hidden: Path, mark: FolderMark) -> None:
    try:
        replace_file(hidden / mark.file, mark.content)
        synchronise(hidden)
    except OSError as error:
        raise failed(hidden, error) from error


def _place(hidden: Path, target: Path) -> None:
    old = target.with_name(f"{UNFINISHED}{target.name}.old")
    try:
        if target.is_dir():
            shutil.rmtree(old, ignore_errors=True)
            target.rename(old)
        try:
            hidden.rename(target)
        except OSError:
            with suppress(OSError):
                old.rename(target)
            raise
        synchronise_names(target.parent)
    except OSError as error:
        raise failed(target, error) from error
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """A folder in the making."""

    path: Path

    def place(self, found: Fetched, caption: Captioner | None) -> str:
        """Copy a picture, and write its caption; return the name that it got.

        Raises
        ------
        RunError
            Where the file system refuses: a full disk, no permission.
        """
        try:
            for name in _iter_names(found):
                files = [(name, found.content)]
                if caption:
                    files.append(caption(name, found.member))
                if not self._are_taken(one for one, _ in files):
                    break
            for one, content in files:
                replace_file(self.path / one, content, durable=False)
        except OSError as error:
            raise failed(self.path, error) from error
        return name

    def _are_taken(self, names: Iterable[str]) -> bool:
        own = {METADATA_FILE, PROBLEMS_FILE}
        return any(name.casefold() in own or os.path.lexists(self.path / name) for name in names)


def _iter_names(found: Fetched) -> Iterator[str]:
    """Yield ever other names for a picture, by which a reader knows it for one."""
    member = found.member
    given = readable_as(member.format, member.file_name)
    yield file_name(given)
    for attempt in count():
        key = f"{member.file_path}{attempt or ''}"  # can be guessed: no attempt is the last
        yield file_name(given, content_digest(key.encode()).hex()[:8])


def readable_as(kind: str, name: str) -> str:
    """Give a picture's name an ending by which its format is known, where it has none."""
    known = _EXTENSIONS.get(kind, ())
    return name + known[0] if known and extension(name).lower() not in known else name
