"""Many rows at a time: how much one statement takes, and inserts that may be run twice.

What a server had committed before it went away stays as it is when the same rows come again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, select
from sqlalchemy.orm import InstrumentedAttribute

from shared.batching import iter_batches
from shared.database.tables import Base

PAGE = 500
"""Rows, or values that a statement names: far below the parameters that any database takes."""
Key = TypeVar("Key")


def ids_of(
    connection: Connection,
    column: InstrumentedAttribute[Key],
    number: InstrumentedAttribute[int],
    values: Iterable[Key],
) -> dict[Key, int]:
    """Look up the numbers of those rows that have one of these values in a unique column."""
    found: dict[Key, int] = {}
    for some in iter_batches(values, PAGE):
        found |= {
            row[0]: row[1]
            for row in connection.execute(select(column, number).where(column.in_(some)))
        }
    return found


def insert_new(
    connection: Connection,
    table: type[Base],
    rows: Sequence[Mapping[str, object]],
    *key: InstrumentedAttribute[object],
) -> int:
    """Add rows, but for those whose key stands already.

    Returns how many were added; -1 where a server does not tell.

    Parameters
    ----------
    key : attributes of ``table``
        The columns of a unique constraint. A clash with any other one is an error all the same;
        without a key, rows that clash with any are left out.
    """
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow, and mostly not used

        statement = postgresql.insert(table).on_conflict_do_nothing(index_elements=key or None)
        return connection.execute(statement, rows).rowcount
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - beside the other one

    clause = sqlite.insert(table).on_conflict_do_nothing(index_elements=key or None)
    return connection.execute(clause, rows).rowcount


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Add rows in bulk, in the order of the table's columns, but for those whose key stands.

    The rows go to the driver as they are: SQLAlchemy's handling of each would take twice as long
    as the database's. PostgreSQL's COPY knows no clashes; through a table of its own it was no
    faster than this.
    """
    names = ", ".join(column.name for column in table.columns)
    key = ", ".join(column.name for column in table.primary_key)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(table.columns))
    into = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    connection.exec_driver_sql(f"{into} ON CONFLICT ({key}) DO NOTHING", list(rows))


def pairs(connection: Connection, chosen: Select[Any, Any]) -> dict[Any, Any]:
    """Return rows of two columns, the second by the first."""
    return {row[0]: row[1] for row in connection.execute(chosen)}
