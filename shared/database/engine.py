"""A connection to the database, its schema, and its failures in plain words. No queries."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.database.tables import Base, DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

BUSY_TIMEOUT_MS = 30_000
_CONTRACT_TABLES = (DatasetCache, ScoreCache, ZipScoreCache)


class Database:
    """One connection to one database, open for the length of a run.

    The survey is a temporary table and lives as long as the connection, so a run has just one.
    """

    def __init__(self, connection: Connection, where: str) -> None:
        self.connection = connection
        self.where = where

    def run(
        self,
        statement: Callable[Concatenate[Connection, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Run one of the statement functions of this package in a transaction of its own."""
        with self.transaction() as connection:
            return statement(connection, *args, **kwargs)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit all or nothing of what is done inside.

        Raises
        ------
        RunError
            Where the database cannot be read or written: a full disk, no permission, damage.
        """
        try:
            with self.connection.begin():
                yield self.connection
        except DBAPIError as error:
            raise RunError(
                self.where, f"the database failed ({error.orig})", _remedy(error)
            ) from error


@contextmanager
def open_database(path: Path, table: type[Base]) -> Iterator[Database]:
    """Open, and where needed create, the SQLite database that holds a contract table.

    Parameters
    ----------
    path : Path
        The database file; its folder exists.
    table : type
        `ZipScoreCache`, `ScoreCache` or `DatasetCache`; the others of these are not created.

    Raises
    ------
    RunError
        Where it cannot be opened.
    """
    wanted = [t for t in Base.metadata.sorted_tables if _belongs(t.name, table)]
    with _connected(path, "BEGIN IMMEDIATE") as database:
        with database.transaction() as connection:
            Base.metadata.create_all(connection, tables=wanted)
        yield database


@contextmanager
def open_for_reading(path: Path) -> Iterator[Database]:
    """Open a database that another connection, perhaps of another process, writes meanwhile."""
    with _connected(path, "BEGIN") as database:
        yield database


@contextmanager
def _connected(path: Path, begin: str) -> Iterator[Database]:
    engine = create_engine(f"sqlite:///{path}")
    _prepare_sqlite(engine, begin)
    try:
        with engine.connect() as connection:
            yield Database(connection, str(path))
    except DBAPIError as error:
        raise RunError(str(path), f"cannot be opened ({error.orig})", _remedy(error)) from error
    finally:
        engine.dispose()


def _belongs(name: str, table: type[Base]) -> bool:
    others = {t.__tablename__ for t in _CONTRACT_TABLES if t is not table}
    return name not in others


def _prepare_sqlite(engine: Engine, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver's own BEGIN comes too late for readers
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=NORMAL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _remedy(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the low byte is the family
    return {
        sqlite3.SQLITE_FULL: "Make room on the disk and run the same command again.",
        sqlite3.SQLITE_BUSY: "Another program holds the database; run again when it has finished.",
        sqlite3.SQLITE_READONLY: "Make the folder writable, or choose another with --output.",
        sqlite3.SQLITE_CANTOPEN: "Make the folder writable, or choose another with --output.",
        sqlite3.SQLITE_NOTADB: "Move the file away; the next run makes a new one.",
        sqlite3.SQLITE_CORRUPT: "Move the file away; the next run makes a new one.",
    }.get(code, "")
