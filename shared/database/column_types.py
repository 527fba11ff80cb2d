"""Types of columns that look at what comes out of them: anybody may have changed a database.

A value that is none of its kind is an `OddValue`, which the connection turns into one line. What
goes in is our own, and is not looked at.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Dialect,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

FLOAT32_BYTES = 4
_SHOWN = 60


class OddValue(Exception):  # noqa: N818 - it is named for what was found
    """A value in a database that no run has written.

    Attributes
    ----------
    found : str
        The column and what it holds, in a sentence without the database.
    remedy : str
        What the user can do.
    """

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found, remedy)
        self.found = found
        self.remedy = remedy


class Checked(TypeDecorator[Any]):
    """A column type that hands out nothing but its own kind of values, or None."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok = True
    kind: str
    """What another value is called."""
    plain: type | None = None
    """Values of just this type are handed out without more ado: most are."""
    place = "a column"
    remedy = ""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """Give the function that all values go through."""
        checked, plain = self.checked, self.plain

        def process(value: object) -> object:
            if value is None or type(value) is plain:
                return value
            try:
                return checked(value)
            except (ValueError, TypeError):
                raise self.odd(value) from None

        return process

    def checked(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value as it is handed out.

        Raises
        ------
        ValueError
            Where it is none of its kind.
        """
        raise ValueError(value)

    def odd(self, value: object) -> OddValue:
        """Say what was found here."""
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return OddValue(f"{self.place} holds {shown}, which is {self.kind}", self.remedy)


class TextColumn(Checked):
    """A text."""

    cache_ok = True
    kind = "no text"
    plain = str


class EntryColumn(Checked):
    """Index in each listing, outermost first: ``5.0.2``."""

    cache_ok = True
    kind = "no entry of an archive"

    def checked(self, value: str) -> str:
        """Return the spelling that numbers have between dots."""
        if all(number.isdecimal() and number.isascii() for number in value.split(".")):
            return value
        raise ValueError(value)


class NamedColumn(Checked):
    """One of the values of an enumeration."""

    cache_ok = True

    def __init__(self, names: type[StrEnum], kind: str) -> None:
        super().__init__()
        self.names = names
        self.kind = kind

    def checked(self, value: str) -> StrEnum:
        """Return the member of the enumeration."""
        return self.names(value)


class NumberColumn(Checked):
    """A whole number. A server's sum of some is a decimal, which counts as one."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Integer
    cache_ok = True
    kind = "no whole number"
    plain = int

    def checked(self, value: object) -> int:
        """Return the number."""
        if isinstance(value, Decimal):
            return int(value)
        raise ValueError(value)


class BigNumberColumn(NumberColumn):
    """A whole number of 64 bits."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger().with_variant(Integer, "sqlite")
    cache_ok = True


class ScoreColumn(Checked):
    """A finite number."""

    impl = Double
    cache_ok = True
    kind = "no score"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Give a function that is quick where it is a score: there are more than of all else."""
        checked = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:  # noqa: ANN401
            return value if type(value) is float and value - value == 0 else checked(value)

        return process

    def checked(self, value: float) -> float:
        """Return the number."""
        if math.isfinite(value):
            return float(value)
        raise ValueError(value)


class SecondsColumn(ScoreColumn):
    """A time."""

    cache_ok = True
    kind = "no number of seconds"


class TruthColumn(Checked):
    """True or false, 1 or 0 where there is no such type."""

    impl = Boolean
    cache_ok = True
    kind = "neither true nor false"

    def checked(self, value: object) -> bool:
        """Return which."""
        if type(value) in (bool, int) and value in (0, 1):
            return bool(value)
        raise ValueError(value)


class BytesColumn(Checked):
    """Some bytes."""

    impl = LargeBinary
    cache_ok = True
    kind = "no bytes"
    plain: type | None = bytes


class VectorColumn(BytesColumn):
    """Little-endian float32 numbers, as bytes."""

    cache_ok = True
    kind = "no vector of float32 numbers"
    plain = None

    def checked(self, value: object) -> bytes:
        """Return them, if they are whole numbers of them."""
        if type(value) is bytes and value and len(value) % FLOAT32_BYTES == 0:
            return value
        raise ValueError(value)


def name_columns(metadata: MetaData, remedy: str) -> None:
    """Tell each column's type where it stands, and what to do about an odd value there."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, Checked):
                column.type.place, column.type.remedy = f"{table.name}.{column.name}", remedy


def odd_value(column: InstrumentedAttribute[Any], found: str) -> OddValue:
    """Say what a column holds that is of its kind, and odd all the same."""
    assert isinstance(column.type, Checked)
    return OddValue(f"{column.type.place} holds {found}", column.type.remedy)
