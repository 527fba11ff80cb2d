"""Inserts that may be run twice: what a server had committed before it went away stays as it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError
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
        The columns of a unique constraint. A clash with any other one is an error all the same;
        without a key, rows that clash with any are left out.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow, and mostly not used

        statement = postgresql.insert(table).on_conflict_do_nothing(index_elements=key or None)
        connection.execute(statement, rows)
    else:
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - beside the other one

        clause = sqlite.insert(table).on_conflict_do_nothing(index_elements=key or None)
        connection.execute(clause, rows)


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Add rows in bulk, in the order of the table's columns, but for those whose key stands.

    The rows go to the driver as they are: SQLAlchemy's handling of each would take twice as long
    as the database's. PostgreSQL's fastest way knows no clashes, so a table of its own takes them.
    """
    names = ", ".join(column.name for column in table.columns)
    clash = f"ON CONFLICT ({', '.join(column.name for column in table.primary_key)}) DO NOTHING"
    into = f"INSERT INTO {table.name} ({names})"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE new_rows (LIKE {table.name})")
        _copy(connection, f"COPY new_rows ({names}) FROM STDIN", rows)
        connection.exec_driver_sql(f"{into} SELECT {names} FROM new_rows {clash}")  # noqa: S608 - our own names
        connection.exec_driver_sql("DROP TABLE new_rows")
    else:
        marks = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"{into} VALUES ({marks}) {clash}", list(rows))


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    cursor: Any = connection.connection.cursor()  # only the driver knows how to copy
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        is_gone = connection.dialect.is_disconnect(error, connection.connection, cursor)
        raise DBAPIError(statement, None, error, connection_invalidated=is_gone) from error
    finally:
        cursor.close()
