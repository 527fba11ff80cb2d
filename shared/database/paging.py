"""How much one statement takes or gives, so that memory does not grow with a table."""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.orm import InstrumentedAttribute

from shared.batching import iter_batches

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
