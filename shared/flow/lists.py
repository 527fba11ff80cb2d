"""Decisions -> lists in a results folder: what has changed, and each archive's share of each tag.

They are small beside the pictures, and are written anew in a folder that stands.
"""

import itertools
from pathlib import Path

from shared.database.decisions import ArchiveTag, Change, iter_archive_tags, iter_changes
from shared.database.engine import Connection, Database
from shared.database.scores import ScoreTable
from shared.database.tables import ZipScoreCache
from shared.results.files import write_list
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


def write_lists(database: Database, table: ScoreTable, folder: Path) -> None:
    """Write `changes.csv`, and of archives `archives.csv`; what is there is replaced.

    Raises
    ------
    RunError
        Where the folder cannot be written.
    """
    database.run(_write_changes, table, folder / CHANGES_FILE)
    if table is ZipScoreCache:
        database.run(_write_archives, folder / ARCHIVES_FILE)


def _write_changes(connection: Connection, table: ScoreTable, path: Path) -> None:
    rows = map(_change_cells, iter_changes(connection, table))
    write_list(path, itertools.chain([CHANGE_COLUMNS], rows))


def _write_archives(connection: Connection, path: Path) -> None:
    rows = map(_archive_cells, iter_archive_tags(connection))
    write_list(path, itertools.chain([ARCHIVE_COLUMNS], rows))


def _change_cells(one: Change) -> tuple[str, ...]:
    score = "" if one.score is None else _share(one.score)
    return one.file_path, one.tag, "gained" if one.is_gained else "lost", score


def _archive_cells(one: ArchiveTag) -> tuple[str, ...]:
    shares = map(_share, (one.share, one.mean_score, one.best_score))
    return one.archive_path, one.tag, str(one.n_pictures), str(one.n_decided), *shares, one.best


def _share(number: float) -> str:
    return f"{number:.4f}"
