"""The tables hold what users were promised, and refuse what must not be."""

import pytest
from sqlalchemy import Table, delete, make_url
from sqlalchemy.schema import CreateTable

from shared.database.engine import Database
from shared.database.scores import write_rows
from shared.database.tables import (
    Base,
    ContainerRow,
    DatasetCache,
    EmbeddingRow,
    MemberRow,
    PictureRow,
    ScoreCache,
    ScoringRow,
    ZipScoreCache,
)
from shared.errors import RunError
from tests.shared.database.world import A, B, column, core, found, pictures, read, score, survey

DATASET = ["file_name", "file_path", "type", "hash_id"]
SCORES = [*DATASET, "model_name", "model_type", "model_train_date", "tag", "tag_score"]
TABLES = Base.metadata.sorted_tables


@pytest.mark.parametrize(
    ("table", "promised"),
    [
        (DatasetCache, DATASET),
        (ScoreCache, SCORES),
        (ZipScoreCache, [*SCORES, "archive_path"]),
    ],
)
def test_the_promised_columns_are_there(table: type[Base], promised: list[str]) -> None:
    assert set(promised) <= set(table.__table__.columns.keys())


@pytest.mark.parametrize("table", [DatasetCache, ScoreCache, ZipScoreCache])
def test_only_a_train_date_or_a_tag_may_be_missing(table: type[Base]) -> None:
    optional = {column.name for column in table.__table__.columns if column.nullable}
    assert optional <= {"model_train_date", "tag"}


def test_only_stage_4_tells_the_archive() -> None:
    assert "archive_path" not in ScoreCache.__table__.columns


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_a_table_can_be_made_on(server: str, table: Table) -> None:
    dialect = make_url(f"{server}://").get_dialect()()
    assert table.name in str(CreateTable(table).compile(dialect=dialect))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_constraint_but_not_null_has_a_name(table: Table) -> None:
    assert all(constraint.name for constraint in table.constraints)


def test_a_member_and_a_classifier_have_one_score(database: Database) -> None:
    survey(database, found())
    score(database, read(database, A, *pictures(A, 1)), "cat", value=0.25)
    database.run(write_rows, ZipScoreCache, [(1, 1, *["again"] * 8, 0.5, "again")])
    assert column(database, ZipScoreCache, "tag_score") == [0.25]


def test_two_members_cannot_have_one_address(database: Database) -> None:
    survey(database, found(A), found(B))
    read(database, A, *pictures(A, 1))
    with pytest.raises(RunError, match="is not where"):
        read(database, B, *pictures(A, 1))
    assert column(database, MemberRow, "file_path") == [f"{A}!/0.png"]


def test_a_score_needs_its_member(database: Database) -> None:
    with pytest.raises(RunError, match="FOREIGN KEY"):
        database.run(write_rows, ZipScoreCache, [(99, 1, *["alien"] * 8, 0.5, "alien")])


@pytest.mark.parametrize("table", [MemberRow, ScoringRow, ZipScoreCache])
def test_what_belongs_to_a_container_goes_with_it(database: Database, table: type[Base]) -> None:
    survey(database, found())
    score(database, read(database, A, *pictures(A, 2)), "cat")
    database.run(lambda c: c.execute(delete(ContainerRow)))
    assert not column(database, table, core(table).primary_key.columns[0].name)


def test_pictures_stay_when_their_members_go(database: Database) -> None:
    survey(database, found())
    read(database, A, *pictures(A, 2))
    database.run(lambda c: c.execute(delete(ContainerRow)))
    assert len(column(database, PictureRow, "id")) == 2


def test_a_picture_that_a_member_has_cannot_be_deleted(database: Database) -> None:
    survey(database, found())
    read(database, A, *pictures(A, 1))
    with pytest.raises(RunError, match="FOREIGN KEY"):
        database.run(lambda c: c.execute(delete(PictureRow)))


def test_a_picture_has_one_vector_per_embedder() -> None:
    assert [c.name for c in core(EmbeddingRow).primary_key.columns] == ["picture_id", "embedder"]
