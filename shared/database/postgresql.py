"""What is special about PostgreSQL: how a connection is set up, who holds it, when it has gone."""

import logging
import time
from collections.abc import Sequence

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.errors import RunError

INSTALL = "Run: pip install -r stage4/requirements-postgresql.txt"
LOOK = "See that user, password, database and options in --database_url are right."
LOCK_KEY = 0x696D6174
"""Of the advisory lock that a run holds, whichever its stage."""
LOCK_SECONDS = 30
ENCODING = "UTF8"
_CONNECTION_LOST = ("08", "57P", "25P03")
"""SQLSTATEs of connection failures, of a server that shuts down, starts up or drops the idle."""
_LOCKED = "55P03"
_REFUSALS = (
    "FATAL:",
    "password",
    "bad value",
    "could not parse",
    "invalid",
    "not found",
    "required",
)
_NOT_YET = "the database system is"


def check(url: URL) -> None:
    """See that the client library understands a URL, before any server is asked.

    Raises
    ------
    RunError
        Where it does not: an option that is not known, as many ports as hosts are not.
    ModuleNotFoundError
        Where the client library is not installed.
    """
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 - an extra

    try:
        options = url.get_dialect()().create_connect_args(url)[1]
        conninfo.make_conninfo(**options)
    except (ArgumentError, ProgrammingError) as error:
        raise RunError(url.render_as_string(), f"{error}".strip(), LOOK) from error
    if any("\0" in str(option) for option in options.values()):
        # The client library would end it there, and connect to what stands before.
        raise RunError(url.render_as_string(), "holds a zero byte, %00", LOOK)


def prepare(engine: Engine) -> None:
    """Have every connection speak one encoding, and wait for other programs' locks for a while.

    It refuses a database that cannot hold all names, before SQLAlchemy asks it anything.
    """
    # The driver warns of what fails on a connection that it is about to raise the loss of.
    logging.getLogger("psycopg").setLevel(logging.ERROR)

    @event.listens_for(engine, "connect", insert=True)
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        _answer(connection, f"SET client_encoding = '{ENCODING}'")
        _answer(connection, f"SET lock_timeout = '{LOCK_SECONDS}s'")
        encoding = _answer(connection, "SELECT current_setting('server_encoding')")
        if encoding != ENCODING:
            connection.close()
            raise RunError(
                engine.url.render_as_string(),
                f"its encoding is {encoding}, which cannot hold all names; {ENCODING} is needed",
                f"Make one with: CREATE DATABASE … ENCODING '{ENCODING}' TEMPLATE template0",
            )


def hold(engine: Engine, pauses: Sequence[float]) -> None:
    """Have every connection of a writer hold an advisory lock, so that there is one at a time.

    The lock goes with the connection, also where the writer is killed. One that was lost may take
    the server a while to notice, so the next waits for the lock; the first says at once that
    another run holds it.
    """
    waits: tuple[float, ...] = ()

    @event.listens_for(engine, "connect")
    def lock(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        nonlocal waits
        for pause in (*waits, None):
            if _answer(connection, f"SELECT pg_try_advisory_lock({LOCK_KEY})"):
                waits = tuple(pauses)
                return
            if pause is not None:
                time.sleep(pause)
        connection.close()
        raise RunError(
            engine.url.render_as_string(),
            "in use by another run",
            "Run again when it has finished.",
        )


def _answer(connection: DBAPIConnection, statement: str) -> object:
    """Run a statement in a transaction of its own; the first value that it gives, if any."""
    cursor = connection.cursor()
    cursor.execute(statement)
    row = cursor.fetchone() if cursor.description else None
    cursor.close()
    connection.commit()
    return row[0] if row else None


def settle(_: Connection) -> None:
    """Do nothing: what the server has committed stays."""


def is_gone(error: DBAPIError) -> bool:
    """Tell whether the server has gone away, so that trying again may help."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or "connect" in str(error.orig)
    return str(state).startswith(_CONNECTION_LOST)


def is_refusal(error: DBAPIError) -> bool:
    """Tell whether a server that is up does not let one in: a password, a name, its rules.

    The driver gives no code for it, only the server's words.
    """
    words = str(error.orig)
    return any(word in words for word in _REFUSALS) and _NOT_YET not in words


def remedy(error: DBAPIError) -> str:
    """Say what a user can do about a failure; empty where that is not known."""
    if getattr(error.orig, "sqlstate", None) == _LOCKED:
        return "Another program has locked the table; run again when it has finished."
    if not is_gone(error):
        return ""
    if is_refusal(error):
        return LOOK
    return "See that the server runs, and run the same command again."
