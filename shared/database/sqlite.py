"""What is special about SQLite: how a connection is prepared and what its failures mean."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateTable

from shared.database.tables import Base, SurveyRow
from shared.errors import RunError

BUSY_TIMEOUT_MS = 30_000
_PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL")
_NEW_ONE = "Move the file away; the next run makes a new one."
_WRITABLE = "Make the folder writable, or choose another output folder."
_REMEDIES = {
    sqlite3.SQLITE_FULL: "Make room on the disk and run the same command again.",
    sqlite3.SQLITE_BUSY: "Another program holds the database; run again when it has finished.",
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_ERROR: _NEW_ONE,
    sqlite3.SQLITE_NOTADB: _NEW_ONE,
    sqlite3.SQLITE_CORRUPT: _NEW_ONE,
}
_REMEDIES_GIVEN = {
    _NEW_ONE: "Name a .sqlite that stage 3 or 4 has written.",
    _WRITABLE: "Make its folder writable, or copy the file into one that is.",
}


def prepare(engine: Engine, begin: str, *pragmas: str) -> None:
    """Have every connection configured, and every transaction begin with this statement.

    ``pragmas`` are set beside those that all have, and count more.
    """

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver's own BEGIN comes too late for readers
        try:
            for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *_PRAGMAS, *pragmas):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(temporary_survey(engine))
        except UnicodeDecodeError as error:  # SQLite quotes what the driver cannot read
            damage = sqlite3.DatabaseError("malformed database schema, not UTF-8")
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage from error

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def temporary_survey(engine: Engine) -> str:
    """Statement for a survey that lives with its connection: an unchanged run writes no file."""
    table = Base.metadata.tables[SurveyRow.__tablename__]
    statement = str(CreateTable(table).compile(engine))
    return statement.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)


def settle(connection: Connection) -> None:
    """Move the log into the database file, as far as no other connection still reads the log.

    Raises
    ------
    RunError
        Where there is no such file any more: all that was written is gone with it.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    path = Path(str(connection.engine.url.database))
    if not path.exists():
        found = "has been removed while the run went on"
        raise RunError(str(path), found, "Run the same command again.")
    try:
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        raise OperationalError("PRAGMA wal_checkpoint", None, error) from error


def is_gone(_: DBAPIError) -> bool:
    """Tell whether a server has gone away; there is none."""
    return False


def is_busy(error: DBAPIError) -> bool:
    """Tell whether another program held the database for too long."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def remedy(error: DBAPIError) -> str:
    """Say what a user can do about a failure; empty where that is not known."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the low byte is the family
    return _REMEDIES.get(code, "")


def remedy_given(error: DBAPIError) -> str:
    """Say the same of a file that the user chose, and that no run makes anew."""
    usual = remedy(error)
    return _REMEDIES_GIVEN.get(usual, usual)
