"""Files beside the results folder: each is written under a hidden name and takes its place at once.

What a stopped run leaves under such names is swept away by the next one.
"""

import csv
import io
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, TypeAlias

from shared.errors import RunError
from shared.names import printable
from shared.replacing import UNFINISHED, Replacement, replace_file

ProblemRow: TypeAlias = tuple[str, str, str]
PROBLEM_COLUMNS: ProblemRow = ("address", "fate", "reason")
_FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # the last four are wide, as in Japanese


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
    with replaced_file(path) as file:
        write_rows(file, itertools.chain([PROBLEM_COLUMNS], problems))


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
