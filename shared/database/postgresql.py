"""What is special about PostgreSQL: who holds it, and when its server has gone away."""

import time
import zlib
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.errors import RunError

INSTALL = (
    "For PostgreSQL: pip install -r stage4/requirements-postgresql.txt, and postgresql+psycopg://…"
)
_CONNECTION_LOST = ("08", "57P")
"""SQLSTATE classes of connection failures and of a server that shuts down or starts up."""
_REFUSALS = ("FATAL:", "password")
_NOT_YET = "the database system is"


def hold(engine: Engine, name: str, pauses: Sequence[float]) -> None:
    """Have every connection of a writer hold an advisory lock, so that there is one at a time.

    The lock goes with the connection, also where the writer is killed. One that was lost may take
    the server a while to notice, so the next waits for the lock; the first says at once that
    another run holds it.
    """
    key = zlib.crc32(name.encode())
    waits: tuple[float, ...] = ()

    @event.listens_for(engine, "connect")
    def lock(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        nonlocal waits
        for pause in (*waits, None):
            if _is_locked(connection, key):
                waits = tuple(pauses)
                return
            if pause is not None:
                time.sleep(pause)
        raise RunError(str(engine.url), "in use by another run", "Run again when it has finished.")


def _is_locked(connection: DBAPIConnection, key: int) -> bool:
    cursor = connection.cursor()
    cursor.execute("SELECT pg_try_advisory_lock(%s)", (key,))
    row = cursor.fetchone()
    cursor.close()
    connection.commit()
    return bool(row and row[0])


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
    if not is_gone(error):
        return ""
    if is_refusal(error):
        return "See that user, password and database in --database_url are right."
    return "See that the server runs, and run the same command again."
