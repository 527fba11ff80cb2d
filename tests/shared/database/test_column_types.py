"""What somebody has put into a database is one line: which file, which column, what to do."""

import numpy as np
import pytest
from sqlalchemy import Table, select, text

from shared.database.column_types import Checked
from shared.database.engine import Database
from shared.database.labels import LabelBase
from shared.database.pictures import known_vectors
from shared.database.tables import Base, ContainerRow
from shared.errors import RunError
from tests.shared.database.world import (
    EMBEDDER,
    A,
    B,
    found,
    read,
    read_picture,
    score,
    survey,
)

VECTOR = np.ones(3, np.float32)
MADE = {table.name: table for base in (Base, LabelBase) for table in base.metadata.sorted_tables}


@pytest.fixture
def touched(database: Database) -> Database:
    """A database of one archive with one picture, which has a vector and a score."""
    survey(database, found(A), found(B))
    score(database, read(database, A, read_picture(f"{A}!/0.png", vector=VECTOR)), "cat")
    return database


def put(database: Database, place: str, value: str) -> None:
    table, name = place.split(".")
    database.run(lambda c: c.execute(text(f"UPDATE {table} SET {name} = {value}")))


def values(database: Database, place: str) -> object:
    table, name = place.split(".")
    return database.run(lambda c: c.scalars(select(MADE[table].c[name])).all())


@pytest.mark.parametrize(
    ("place", "value", "kind"),
    [
        ("members.fate", "'bogus'", "no fate"),
        ("members.fate", "x'ff'", "no fate"),
        ("containers.fate", "''", "no fate"),
        ("containers.state", "'bogus'", "no state"),
        ("containers.address", "x'ff'", "no text"),
        ("members.entry", "'5..2'", "no entry"),
        ("members.entry", "'a'", "no entry"),
        ("members.entry", "'-1'", "no entry"),
        ("members.entry", "x'31'", "no entry"),
        ("pictures.width", "'wide'", "no whole number"),
        ("pictures.width", "0.5", "no whole number"),
        ("pictures.n_bytes", "'many'", "no whole number"),
        ("pictures.content_sha256", "'text'", "no bytes"),
        ("embeddings.vector", "x'00'", "no vector"),
        ("embeddings.vector", "x''", "no vector"),
        ("embeddings.vector", "'text'", "no vector"),
        ("embeddings.vector", "5", "no vector"),
        ("scorings.complete", "'yes'", "neither true nor false"),
        ("scorings.complete", "2", "neither true nor false"),
        ("zip_score_cache.tag_score", "'high'", "no score"),
        ("zip_score_cache.tag_score", "9e999", "no score"),
    ],
)
def test_a_value_that_no_run_has_written_is_told(
    touched: Database, place: str, value: str, kind: str
) -> None:
    put(touched, place, value)
    with pytest.raises(RunError) as caught:
        values(touched, place)
    assert str(caught.value).startswith(f"{touched.where}: {place} holds ")
    assert f"which is {kind}" in caught.value.found
    assert "--rescan" in caught.value.remedy


def test_it_is_told_within_a_transaction_of_the_callers(touched: Database) -> None:
    put(touched, "containers.state", "'bogus'")
    with (
        pytest.raises(RunError, match=r"containers\.state"),
        touched.transaction() as connection,
    ):
        connection.scalars(select(ContainerRow.state)).all()


def test_what_was_found_is_shortened(touched: Database) -> None:
    put(touched, "members.fate", f"'{'x' * 1000}'")
    with pytest.raises(RunError) as caught:
        values(touched, "members.fate")
    assert len(str(caught.value.found)) < 200


def test_a_vector_of_another_length_is_told(touched: Database) -> None:
    put(touched, "embeddings.vector", "x'00000000'")
    with pytest.raises(RunError, match=f"of 1 numbers, not of {VECTOR.size}"):
        touched.run(known_vectors, [1], EMBEDDER, VECTOR.size)


def test_an_address_that_somebody_changed_is_told_before_its_members_are_lost(
    touched: Database,
) -> None:
    put(touched, "containers.address", "'/elsewhere.zip'")
    survey(touched, found(A))
    with pytest.raises(RunError, match=f"holds '/elsewhere.zip', which is not where {A}!/0.png"):
        read(touched, A, read_picture(f"{A}!/0.png"))


@pytest.mark.parametrize("table", MADE.values(), ids=lambda table: table.name)
def test_each_column_tells_its_own_name(table: Table) -> None:
    kinds = {c.name: c.type for c in table.columns if isinstance(c.type, Checked)}
    told = [(kind.place, bool(kind.remedy)) for kind in kinds.values()]
    assert told == [(f"{table}.{name}", True) for name in kinds]
