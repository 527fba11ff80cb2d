"""Rows -> a file that is one table: CSV, JSON lines, Parquet."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from shared.database.arrow import opened_batches
from shared.database.engine import Database
from shared.database.exports import Rows, iter_rows, row_columns
from shared.errors import RunError
from shared.exporting.request import ExportRequest
from shared.results.files import replaced_file, write_rows

Row = Sequence[object]
Pages = Iterable[Sequence[Row]]


def check_file(target: Path, *, overwrite: bool) -> None:
    """Refuse to write a file where something is already; with ``overwrite``, but a file.

    Raises
    ------
    RunError
        Where there is.
    """
    if target.is_dir():
        raise RunError(str(target), "a folder, a file is needed", "Name another --target.")
    if os.path.lexists(target) and not overwrite:
        remedy = "Name another --target, or replace it: --overwrite."
        raise RunError(str(target), "is there already", remedy)
    if target.exists() and not target.is_file():  # to replace one would take it from all programs
        raise RunError(
            str(target), "a device or a pipe, a file is needed", "Name another --target."
        )


def write_table(database: Database, request: ExportRequest) -> int:
    """Write the rows of an export into a file, and count them.

    Raises
    ------
    RunError
        Where the database cannot be read or the file not be written; then nothing is there that
        was not before.
    """
    columns = row_columns(request.table, request.chosen.what)
    with database.transaction() as connection:
        pages = iter_rows(connection, request.table, request.chosen)
        if request.to == "parquet":
            with _parquet() as parquet:
                batches = parquet.iter_batches(columns, pages)
                return int(parquet.write_parquet(request.target, columns, batches, database.where))
        write = _write_csv if request.to == "csv" else _write_jsonl
        return write(request.target, columns, pages)


def write_parts(request: ExportRequest, path: Path, parts: Sequence[Rows]) -> int:
    """Write what statements choose of an SQLite database into Parquet, and count the rows.

    No connection to the database may be open in this process: ADBC brings an SQLite of its own, and
    of two libraries each would take away the other's locks, which belong to the process.

    Raises
    ------
    RunError
        As of `write_table`.
    """
    columns = row_columns(request.table, request.chosen.what)
    with _parquet() as parquet, opened_batches(path, parts) as batches:
        return int(parquet.write_parquet(request.target, columns, batches, str(path)))


@contextmanager
def _parquet() -> Iterator[Any]:
    """Give the module that needs pyarrow, and say so where that, or ADBC, is not installed."""
    try:
        from shared.exporting import parquet  # noqa: PLC0415 - an extra

        yield parquet
    except ModuleNotFoundError as error:
        remedy = "Run: pip install -r requirements-parquet.txt"
        raise RunError("--to=parquet", f"needs the package {error.name}", remedy) from error


class _CountedRows:
    """Rows of pages, one after the other, and how many they were."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.n_rows = 0

    def __iter__(self) -> Iterator[Row]:
        for page in self._pages:
            self.n_rows += len(page)
            yield from page


def _write_csv(path: Path, columns: Sequence[str], pages: Pages) -> int:
    rows = _CountedRows(pages)
    with replaced_file(path) as file:
        write_rows(file, chain([columns], (tuple(map(_cell, row)) for row in rows)))
    return rows.n_rows


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else repr(value)


def _write_jsonl(path: Path, columns: Sequence[str], pages: Pages) -> int:
    rows = _CountedRows(pages)
    with replaced_file(path) as file:
        for row in rows:
            record = dict(zip(columns, row, strict=True))
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode())
    return rows.n_rows
