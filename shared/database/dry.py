"""A database that a dry run works in: all is as for a run, and the real one stays as it is.

What a run changes before it reads anything goes to tables that live with the connection and hide
those of the same name: the survey, and what is known of containers.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.pool import StaticPool

from shared.database import postgresql, schema, sqlite
from shared.database.engine import Database, DatabasePlace, engine_of
from shared.database.tables import Base, ContainerRow
from shared.errors import RunError


@contextmanager
def open_dry(place: DatabasePlace, table: type[Base]) -> Iterator[Database]:
    """Open a database that is left as it is; an empty one in memory, where nothing is there yet.

    Another run may write to it meanwhile.

    Raises
    ------
    RunError
        Where it cannot be read, or is of an older version: it is not brought up to date here.
    """
    if isinstance(place, Path):
        with _unchanged(place), _opened_for(_engine_of_file(place), table, str(place)) as database:
            yield database
    else:
        with _opened_for(_engine_of_server(place), table) as database:
            yield database


@contextmanager
def _opened_for(engine: Engine, table: type[Base], where: str = "") -> Iterator[Database]:
    with _opened(engine, where) as database:
        names = database.run(lambda connection: inspect(connection).get_table_names())
        if names:
            database.run(_hide_tables, table, database.where)
            yield database
            return
    memory = create_engine("sqlite://", poolclass=StaticPool)
    sqlite.prepare(memory, "BEGIN")
    with _opened(memory, database.where) as empty:
        empty.run(schema.prepare, table, empty.where)
        yield empty


@contextmanager
def _opened(engine: Engine, where: str) -> Iterator[Database]:
    # Never connected anew: the tables that hide the real ones would be gone.
    database = Database(engine, retry_seconds=(), where=where)
    try:
        yield database
    finally:
        database.close()
        engine.dispose()


def _engine_of_server(url: str) -> Engine:
    engine = engine_of(url)
    postgresql.prepare(engine)
    return engine


def _engine_of_file(path: Path) -> Engine:
    uri = path.absolute().as_uri()

    def connect() -> sqlite3.Connection:
        if not path.exists():
            return sqlite3.connect(":memory:")
        # Only where SQLite is told that nobody writes does it make no files of its own to read.
        mode = "mode=ro" if _is_written(path) else "immutable=1"
        return sqlite3.connect(f"{uri}?{mode}", uri=True)

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    sqlite.prepare(engine, "BEGIN")
    return engine


def _is_written(path: Path) -> bool:
    """Tell whether a log is beside a file: somebody has it open, or a killed run had."""
    return path.with_name(f"{path.name}-wal").exists()


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Refuse what was read of a file that nobody had open, and that has changed meanwhile.

    It may have been read in parts of two states, and so look damaged.
    """
    before = None if _is_written(path) else _stamp(path)
    try:
        yield
    finally:
        if before and before != _stamp(path):
            found = "another run has begun to write to it"
            raise RunError(str(path), found, "Run the same command again.")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def _hide_tables(connection: Connection, table: type[Base], where: str) -> None:
    schema.check(connection, table, where)
    name = ContainerRow.__tablename__
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {name}")  # noqa: S608
    for column in ("id", "address"):
        connection.exec_driver_sql(f"CREATE INDEX {column}_of_dry_run ON {name} ({column})")
    if connection.dialect.name != "sqlite":  # there all surveys are such tables
        connection.exec_driver_sql(sqlite.temporary_survey(connection.engine))
