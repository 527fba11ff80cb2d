"""Rows of an SQLite database as batches of columns, made without a Python object for each value.

Several times as fast as rows; it needs `requirements-parquet.txt`. What it gives is not looked at.
No other connection to the database may be open in this process meanwhile: the driver brings an
SQLite of its own, and locks belong to the process (SQLite's "How To Corrupt", 2.2.1).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Text,
    TypeDecorator,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import dialect

from shared.database.exports import Rows
from shared.errors import RunError

BATCH_ROWS = 2**15


@contextmanager
def opened_batches(path: Path, parts: Sequence[Rows]) -> Iterator[Iterator[Any]]:
    """Give an iterator of `pyarrow.RecordBatch` of what some statements choose together.

    They are read side by side, each on a core of its own, and their batches come by turns. Where
    another program writes to the database just when it is opened, they are read in a row: all that
    is given was there at one moment.

    Raises
    ------
    ModuleNotFoundError
        Where ADBC is not installed.
    RunError
        Where the database cannot be read; the iterator raises it too.
    """
    from adbc_driver_sqlite import dbapi  # noqa: PLC0415 - an extra

    try:
        with (
            dbapi.connect(str(path.absolute()), autocommit=True) as watching,
            ExitStack() as opened,
        ):
            before = _version(watching)
            readers = [opened.enter_context(_opened(path, [part])) for part in parts]
            if _version(watching) != before:
                opened.close()
                readers = [opened.enter_context(_opened(path, parts))]
            pool = opened.enter_context(ThreadPoolExecutor(len(readers)))
            yield _by_turns(readers, pool)
    except dbapi.Error as error:
        raise _unreadable(path, error) from error


def _version(connection: Any) -> object:  # noqa: ANN401 - of an extra
    """Give what is another whenever somebody else has written to the database."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return cursor.fetchone()


@contextmanager
def _opened(path: Path, parts: Sequence[Rows]) -> Iterator[Iterator[Any]]:
    """Give batches of what statements choose one after the other; the first is read already."""
    from adbc_driver_sqlite import dbapi  # noqa: PLC0415 - an extra

    statement = union_all(_typed(parts[0]), *parts).compile(
        dialect=dialect(), compile_kwargs={"render_postcompile": True}
    )
    values = [statement.params[name] for name in statement.positiontup or ()]
    with dbapi.connect(str(path.absolute())) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
        cursor.execute(str(statement), values or None)
        with cursor.fetch_record_batch() as reader:
            yield _without_first(path, reader)


def _by_turns(readers: Sequence[Iterator[Any]], pool: ThreadPoolExecutor) -> Iterator[Any]:
    """Yield a batch of each reader in turn, while each reads its next one."""
    ahead = deque((reader, pool.submit(next, reader, None)) for reader in readers)
    while ahead:
        reader, reading = ahead.popleft()
        batch = reading.result()
        if batch is not None:
            ahead.append((reader, pool.submit(next, reader, None)))
            yield batch


def _typed(chosen: Rows) -> Rows:
    """Choose a row that comes before all others.

    The driver takes a column's type from its first values, which may well be all NULL.
    """
    return select(*map(_first_value, chosen.selected_columns))


def _first_value(column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    value = "''" if isinstance(kind, Text) else "0.0" if isinstance(kind, Double) else "0"
    return literal_column(value).label(column.key or "")


def _without_first(path: Path, batches: Iterator[Any]) -> Iterator[Any]:
    n_left_out = 1
    try:
        for batch in batches:
            yield batch.slice(n_left_out)
            n_left_out = 0
    except (OSError, ValueError) as error:  # the kinds of pyarrow's, which is not imported here
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunError:
    words = " ".join(str(error).split())
    remedy = "Run stage 3 or 4 on it again, with --rescan, or name another."
    return RunError(str(path), f"cannot be read ({words})", remedy)
