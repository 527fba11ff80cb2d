"""What all tables have in common: their base, and the columns that recur. No table."""

from typing import Annotated

from sqlalchemy import BigInteger, ForeignKey, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

from shared.database.column_types import (
    BigNumberColumn,
    BytesColumn,
    NumberColumn,
    SecondsColumn,
    TextColumn,
)

ODD_REMEDY = "Move it away, and use a new one; stages 3 and 4 can try --rescan first."
BIG = BigInteger().with_variant(Integer, "sqlite")

RowId = Annotated[int, mapped_column(BIG, primary_key=True)]
ContainerId = Annotated[
    int,
    mapped_column(BigNumberColumn, ForeignKey("containers.id", ondelete="CASCADE"), nullable=False),
]
MemberId = Annotated[
    int,
    mapped_column(BigNumberColumn, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
]
ClassifierId = Annotated[
    int, mapped_column(BigNumberColumn, ForeignKey("classifiers.id"), primary_key=True)
]
Address = Annotated[str, mapped_column(TextColumn, comment="outer.zip!/inner.zip!/folder/1.png")]
Digest = Annotated[bytes, mapped_column(BytesColumn)]
Words = Annotated[str, mapped_column(TextColumn)]
Count = Annotated[int, mapped_column(NumberColumn)]
Seconds = Annotated[float, mapped_column(SecondsColumn)]


class Base(DeclarativeBase):
    """All tables; constraints have names, so that they can be altered later."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
