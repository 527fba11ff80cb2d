"""Files beside the results folder: each is written under a hidden name and takes its place at once.

What a stopped run leaves under such names is swept away by the next one. One run at a time holds a
folder; a second one learns at once who does.
"""

import csv
import errno
import io
import itertools
import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeAlias

from filelock import FileLock, Timeout

from shared.errors import RunError
from shared.names import printable
from shared.regular_files import read_small
from shared.replacing import UNFINISHED, Replacement, replace_file

ProblemRow: TypeAlias = tuple[str, str, str]
PROBLEM_COLUMNS: ProblemRow = ("address", "fate", "reason")
_FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # the last four are wide, as in Japanese
LOCK_FILE = ".lock"
HOLDER_FILE = ".lock-holder"
MAX_NOTE_BYTES = 1000


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    RunError
        Where it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failed(path, error) from error


@contextmanager
def replaced_file(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of ``path`` when the block ends well.

    Raises
    ------
    RunError
        Where it cannot be written.
    """
    with _told(path), Replacement(path) as replacement:
        text = io.TextIOWrapper(replacement.file, encoding="utf-8", newline="")
        yield text
        text.detach()
        replacement.place()


def write_file(path: Path, content: bytes) -> None:
    """Put a file of these bytes in the place of ``path``; RunError where it cannot be written."""
    with _told(path):
        replace_file(path, content)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an error of the disk into the run's."""
    try:
        yield
    except OSError as error:
        raise _refused(str(path), error) from error


def write_problems(path: Path, problems: Iterable[ProblemRow]) -> None:
    """Write a list of inputs that could not be used, as `problems.csv` has it."""
    write_list(path, itertools.chain([PROBLEM_COLUMNS], problems))


def write_list(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Put a CSV file in the place of ``path``; `RunError` where it cannot be written."""
    with replaced_file(path) as file:
        write_rows(file, rows)


def write_rows(file: TextIO, rows: Iterable[Sequence[str]]) -> None:
    """Write lines of a CSV file, safe to look at in a terminal and to open in a spreadsheet."""
    csv.writer(file).writerows(tuple(map(_cell, row)) for row in rows)


def _cell(text: str) -> str:
    """Spell a cell; before what a spreadsheet would take for a formula stands an apostrophe."""
    plain = printable(text)  # a tab or a line break, which begin formulas too, is spelled out
    return f"'{plain}" if plain.startswith(_FORMULA_STARTS) else plain


@contextmanager
def swept_folder(output: Path) -> Iterator[None]:
    """Remove what runs that were stopped have left in a folder, and then what this one leaves.

    Raises
    ------
    RunError
        Where it cannot be removed.
    """
    try:
        clear_unfinished(output)
    except OSError as error:
        raise failed(output, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # the next run will try again
            clear_unfinished(output)


def clear_unfinished(output: Path) -> None:
    """Remove unfinished results folders and files."""
    for path in output.glob(UNFINISHED + "*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # whoever wrote it may have placed it meanwhile


def failed(where: Path, error: OSError) -> RunError:
    """Say that something could not be written."""
    named = str(error.filename or "")  # while a tree is removed, that is a bare name
    return _refused(named if os.sep in named else str(where), error)


def _refused(where: str, error: OSError) -> RunError:
    return RunError(
        where,
        f"cannot be written ({error.strerror or error})",
        "Make room or give permission, or choose another output folder.",
    )


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for this process while the block runs. A process that dies lets go of it.

    Raises
    ------
    RunError
        Where another run holds it, or it cannot be written.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    holder = folder / HOLDER_FILE
    try:
        _acquire(lock, holder)
        yield
    finally:
        if lock.is_locked:
            # Both go before the lock is let go of: afterwards they may be the next run's. Who has
            # opened this lock file meanwhile and gets hold of it sees that it has no name any more
            # and counts it for nothing (filelock from 3.21.2 on).
            for path in (holder, folder / LOCK_FILE):
                with suppress(OSError):  # the lock is what counts
                    path.unlink()
            with suppress(OSError):  # it goes with the process in any case
                lock.release()


def _acquire(lock: FileLock, holder: Path) -> None:
    folder = str(holder.parent)
    try:
        lock.acquire()
        note = f"process {os.getpid()} on {socket.gethostname()} since {_now()}"
        replace_file(holder, note.encode(), durable=False)
    except Timeout as error:
        raise RunError(
            folder, f"in use by {_name(holder)}", "Wait for it, or choose another output folder."
        ) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            found, remedy = f"its {LOCK_FILE} is a link, which is not followed", "Remove it"
        else:
            found, remedy = f"cannot be written ({error.strerror or error})", "Give permission"
        raise RunError(folder, found, f"{remedy}, or choose another output folder.") from error


def _name(holder: Path) -> str:
    try:
        note = read_small(holder, MAX_NOTE_BYTES, ours=True)
    except OSError:
        note = b""
    return note.decode(errors="replace") or "another run"


def _now() -> str:
    return datetime.now().strftime("%H:%M:%S")  # noqa: DTZ005 - read by a person beside the machine
