"""What is special about PostgreSQL: who holds it, and when its server has gone away."""

import zlib

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


def hold(engine: Engine, name: str) -> None:
    """Have every connection of a writer hold an advisory lock, so that there is one at a time.

    The lock goes with the connection, also where the writer is killed.
    """

    @event.listens_for(engine, "connect")
    def lock(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (zlib.crc32(name.encode()),))
        row = cursor.fetchone()
        cursor.close()
        connection.commit()
        if not row or not row[0]:
            raise RunError(
                str(engine.url), "in use by another run", "Run again when it has finished."
            )


def settle(_: Connection) -> None:
    """Do nothing: what the server has committed stays."""


def is_gone(error: DBAPIError) -> bool:
    """Tell whether the server has gone away, so that trying again may help."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or "connect" in str(error.orig)
    return str(state).startswith(_CONNECTION_LOST)


def remedy(error: DBAPIError) -> str:
    """Say what a user can do about a failure; empty where that is not known."""
    return "See that the server runs, and run the same command again." if is_gone(error) else ""
