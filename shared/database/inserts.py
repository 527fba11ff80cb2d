"""Inserts that may be run twice: what a server had committed before it went away stays as it is."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.orm import InstrumentedAttribute

from shared.database.tables import Base


def insert_new(
    connection: Connection,
    table: type[Base],
    rows: Sequence[Mapping[str, object]],
    *key: InstrumentedAttribute[object],
) -> None:
    """Add rows, but for those whose key stands already.

    Parameters
    ----------
    key : attributes of ``table``
        The columns of a unique constraint. A clash with any other one is an error all the same.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow, and mostly not used

        statement = postgresql.insert(table).on_conflict_do_nothing(index_elements=key)
        connection.execute(statement, rows)
    else:
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - beside the other one

        connection.execute(sqlite.insert(table).on_conflict_do_nothing(index_elements=key), rows)
