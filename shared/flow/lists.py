"""Decisions -> lists in a results folder: what has changed, and each archive's share of each tag.

They are small beside the pictures, and are written anew in a folder that stands.
"""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from shared.database.decisions import ArchiveTag, Change, iter_archive_tags, iter_changes
from shared.database.engine import Connection, Database
from shared.database.scores import ScoreTable
from shared.results.files import replaced_file, write_list, write_rows
from shared.results.folder import ARCHIVES_FILE, CHANGES_FILE

ARCHIVE_COLUMNS = (
    "archive",
    "tag",
    "pictures",
    "decided",
    "share",
    "mean_score",
    "best_score",
    "best",
)
CHANGE_COLUMNS = ("address", "tag", "change", "score")


def write_changes(database: Database, table: ScoreTable, folder: Path) -> None:
    """Write `changes.csv`; what is there is replaced.

    Raises
    ------
    RunError
        Where the folder cannot be written.
    """
    database.run(_write_changes, table, folder / CHANGES_FILE)


def _write_changes(connection: Connection, table: ScoreTable, path: Path) -> None:
    rows = map(_change_cells, iter_changes(connection, table))
    write_list(path, itertools.chain([CHANGE_COLUMNS], rows))


@contextmanager
def listed_archives(connection: Connection, folder: Path) -> Iterator[Iterator[ArchiveTag]]:
    """Give what stands of each tag in each archive, to be taken to its end.

    It lists in `archives.csv` what is taken: to ask for it once takes half a minute where there are
    10 million rows. What is there is replaced where the block ends well.

    Raises
    ------
    RunError
        Where the folder cannot be written.
    """
    with replaced_file(folder / ARCHIVES_FILE) as file:
        write_rows(file, [ARCHIVE_COLUMNS])
        yield _iter_listed(file, iter_archive_tags(connection))


def _iter_listed(file: TextIO, tags: Iterable[ArchiveTag]) -> Iterator[ArchiveTag]:
    for one in tags:
        write_rows(file, [_archive_cells(one)])
        yield one


def _change_cells(one: Change) -> tuple[str, ...]:
    score = "" if one.score is None else _share(one.score)
    return one.file_path, one.tag, "gained" if one.is_gained else "lost", score


def _archive_cells(one: ArchiveTag) -> tuple[str, ...]:
    shares = map(_share, (one.share, one.mean_score, one.best_score))
    return one.archive_path, one.tag, str(one.n_pictures), str(one.n_decided), *shares, one.best


def _share(number: float) -> str:
    return f"{number:.4f}"
