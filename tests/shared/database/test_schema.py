import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, text

from shared.database import labels, schema
from shared.database.decisions import thresholds_in_force
from shared.database.engine import DatabasePlace, open_database
from shared.database.tables import (
    Base,
    ContainerState,
    DatasetCache,
    ScoreCache,
    ThresholdRow,
    ZipScoreCache,
)
from shared.errors import RunError
from shared.records import ANY_NOVELTY
from tests.postgres import Server

STEP = """
from alembic import op
import sqlalchemy as sa
revision = "next"
down_revision = "{version}"
def upgrade():
    op.add_column("members", sa.Column("extra", sa.Text))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


def execute(path: Path, statement: str) -> None:
    with open_database(path, ZipScoreCache) as database, database.transaction() as connection:
        connection.execute(text(statement))


def version(path: Path) -> str:
    with open_database(path, ZipScoreCache) as database, database.transaction() as connection:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def test_a_new_database_has_todays_version(path: Path) -> None:
    assert version(path) == schema.SCORES.version


@pytest.mark.parametrize("kind", [schema.SCORES, labels.SCHEMA])
def test_todays_version_is_the_last_step(kind: schema.Schema) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("version_locations", str(schema.MIGRATIONS / kind.steps))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_heads() == [kind.version]


def test_a_database_of_before_there_were_versions_gets_one(path: Path) -> None:
    for statement in (*VERSION_2, "DROP TABLE alembic_version"):
        execute(path, statement)
    assert version(path) == schema.SCORES.version


def test_an_older_one_is_migrated_in_place(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(path, "INSERT INTO classifiers (model_name) VALUES ('kept')")
    steps = tmp_path / "50% of, all" / "migrations"
    shutil.copytree(schema.MIGRATIONS, steps)
    (steps / "scores" / "next_extra.py").write_text(STEP.format(version=schema.SCORES.version))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "SCORES", replace(schema.SCORES, version="next"))
    with open_database(path, ZipScoreCache) as database, database.transaction() as connection:
        assert "extra" in {c["name"] for c in inspect(connection).get_columns("members")}
        assert connection.scalar(text("SELECT model_name FROM classifiers")) == "kept"
    assert version(path) == "next"


def test_a_newer_one_is_refused(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache):
        pass
    known = f"this program knows versions up to {schema.SCORES.version}"
    assert caught.value.found == f"has schema version 9999, {known}"


def test_an_empty_version_is_refused(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = ''")
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache):
        pass
    assert caught.value.found == "has an empty schema version in alembic_version"


@pytest.mark.parametrize(
    "table", ["containers", "members", "zip_score_cache", "zip_tags", "alembic_version"]
)
def test_a_database_of_another_program_is_refused_as_it_is(path: Path, table: str) -> None:
    with sqlite3.connect(path) as stranger:
        stranger.execute(f"CREATE TABLE {table} (mine TEXT)")
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache):
        pass
    assert caught.value.found == f"holds another program's table {table}"
    assert stranger.execute("SELECT name FROM sqlite_master").fetchall() == [(table,)]


def test_tables_of_another_program_beside_ours_do_not_matter(path: Path) -> None:
    with sqlite3.connect(path) as stranger:
        stranger.execute("CREATE TABLE mine (mine TEXT)")
    assert version(path) == schema.SCORES.version


def test_two_stages_do_not_share_a_database(path: Path) -> None:
    execute(path, "SELECT 1")
    with pytest.raises(RunError) as caught, open_database(path, ScoreCache):
        pass
    assert caught.value.found == "holds zip_score_cache already"


ADDED = (
    "answers",
    "changes",
    "containers",
    "dataset_sidecars",
    "dataset_tags",
    "decided",
    "estimates",
    "members",
    "novelties",
    "pictures",
    "results",
    "runs",
    "survey",
    "thresholds",
)
"""What was added since version 1, or changed in it."""
VERSION_3 = (
    "DROP TABLE runs",
    "DROP VIEW IF EXISTS archive_tags",
    "DROP VIEW IF EXISTS zip_tags",
    "DROP VIEW IF EXISTS tags",
    "DROP TABLE estimates",
    "DROP TABLE novelties",
    "DROP TABLE changes",
    "DROP TABLE decided",
    "DROP TABLE answers",
    "DROP TABLE thresholds",
    "DROP INDEX ix_members_picture_id",
    "DROP INDEX ix_pictures_hash_id",
    "ALTER TABLE containers DROP COLUMN is_decided",
    "ALTER TABLE results DROP COLUMN decisions",
)
"""What makes today's tables those of version 3."""
VERSION_2 = (
    *VERSION_3,
    "ALTER TABLE containers ADD COLUMN complete BOOLEAN NOT NULL DEFAULT true",
    "ALTER TABLE containers DROP COLUMN state",
    "ALTER TABLE containers DROP COLUMN device",
    "DROP TABLE results",
    "CREATE TABLE results (directory TEXT PRIMARY KEY, folder TEXT, fingerprint TEXT)",
)
"""What makes them those of version 2; a server's survey apart, of which the next two tell."""
SURVEY_4 = ("ALTER TABLE survey DROP COLUMN n_bytes",)
SURVEY_2 = (
    *SURVEY_4,
    "ALTER TABLE survey DROP COLUMN stands",
    "ALTER TABLE survey DROP COLUMN device",
    "ALTER TABLE survey ADD COLUMN is_read BOOLEAN NOT NULL",
    "ALTER TABLE survey ADD COLUMN is_resumable BOOLEAN NOT NULL",
)


def described(connection: Connection) -> dict[str, str]:
    """The tables that were added later, by name: columns, keys, constraints and indexes."""
    found = inspect(connection)
    return {
        name: repr(
            (
                found.get_columns(name),
                found.get_pk_constraint(name),
                found.get_foreign_keys(name),
                found.get_indexes(name),
                found.get_unique_constraints(name),
            )
        )
        for name in ADDED
        if found.has_table(name)
    }


def check_made_like_todays(place: DatabasePlace, *older: str) -> None:
    """A database that is made older by these statements is brought up to date on opening."""
    with open_database(place, DatasetCache) as database:
        todays = database.run(described)
        for statement in (*VERSION_2, *older, "UPDATE alembic_version SET version_num = '0001'"):
            with database.transaction() as connection:
                connection.execute(text(statement))
    with open_database(place, DatasetCache) as database:
        assert database.run(described) == todays


OLDER = ("DROP TABLE dataset_sidecars", "DROP TABLE dataset_tags")


@pytest.mark.parametrize("older", [OLDER, OLDER[:1], ()])
def test_what_version_1_lacked_is_made(path: Path, older: tuple[str, ...]) -> None:
    check_made_like_todays(path, *older)
    assert version_of_dataset(path) == schema.SCORES.version


def version_of_dataset(path: Path) -> str:
    with sqlite3.connect(path) as database:
        [(version,)] = database.execute("SELECT version_num FROM alembic_version")
    return str(version)


def test_what_version_1_lacked_is_made_on_a_server(server: Server) -> None:
    check_made_like_todays(server.fresh_database(), *OLDER, *SURVEY_2)


def views_of(connection: Connection) -> dict[str, str | None]:
    found = inspect(connection)
    return {name: found.get_view_definition(name) for name in found.get_view_names()}


VIEWS = {ZipScoreCache: {"zip_tags", "archive_tags"}, ScoreCache: {"tags"}, DatasetCache: set()}


def check_views_made(place: DatabasePlace, table: type[Base], *older: str) -> None:
    """A database without views gets those of today; a new one has the ones of its table."""
    with open_database(place, table) as database:
        todays = database.run(views_of)
        assert todays.keys() == VIEWS[table]
        for statement in (*VERSION_3, *older, "UPDATE alembic_version SET version_num = '0003'"):
            with database.transaction() as connection:
                connection.execute(text(statement))
    with open_database(place, table) as database:
        assert database.run(views_of) == todays


@pytest.mark.parametrize("table", VIEWS)
def test_views_are_made_over_a_table_of_scores(path: Path, table: type[Base]) -> None:
    check_views_made(path, table)


@pytest.mark.parametrize("table", VIEWS)
def test_views_are_made_on_a_server(server: Server, table: type[Base]) -> None:
    check_views_made(server.fresh_database(), table, *SURVEY_4)


OF_VERSION_6 = {
    "tag": "cat",
    "classifier_id": 1,
    "version": b"1",
    "threshold": 0.5,
    "chosen_by": "number",
}


@pytest.mark.parametrize("where", ["file", pytest.param("server", marks=pytest.mark.server)])
def test_what_version_6_decided_is_decided_up_to_any_novelty(
    tmp_path: Path, request: pytest.FixtureRequest, where: str
) -> None:
    place: DatabasePlace = tmp_path / "cache.sqlite"
    if where == "server":
        server: Server = request.getfixturevalue("server")
        place = server.fresh_database()
    with open_database(place, ZipScoreCache) as database:
        todays = database.run(lambda c: (described(c), views_of(c)))
        for statement in (
            "DROP VIEW archive_tags",
            "DROP VIEW zip_tags",
            "ALTER TABLE thresholds DROP COLUMN max_novelty",
            "ALTER TABLE estimates DROP COLUMN n_too_novel",
            "INSERT INTO classifiers (model_name) VALUES ('cat')",
            insert(ThresholdRow).values(OF_VERSION_6),
            "UPDATE alembic_version SET version_num = '0006'",
        ):
            given = text(statement) if isinstance(statement, str) else statement
            database.run(lambda c, s=given: c.execute(s))  # type: ignore[misc]
    with open_database(place, ZipScoreCache) as database:
        assert database.run(lambda c: (described(c), views_of(c))) == todays
        assert [one.max_novelty for one in database.run(thresholds_in_force)] == [ANY_NOVELTY]


DIGEST = b"0123456789abcdef0123456789abcde?"
"""Ends like what version 2 put behind the digest of an unsettled container."""


@pytest.mark.parametrize(
    ("under", "is_complete", "state"),
    [
        (DIGEST, 1, ContainerState.READ),
        (DIGEST, 0, ContainerState.READING),
        (DIGEST + b"?", 1, ContainerState.UNSETTLED),
        (b"away " + DIGEST, 1, ContainerState.AWAY),
        (b"away " + DIGEST + b"?", 1, ContainerState.AWAY),
        (b"", 1, ContainerState.OUTDATED),
    ],
)
def test_the_state_that_version_2_hid_in_a_digest_is_told(
    path: Path, under: bytes, is_complete: int, state: ContainerState
) -> None:
    for statement in (*VERSION_2, "UPDATE alembic_version SET version_num = '0002'"):
        execute(path, statement)
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT INTO containers (address, stamp, read_under, complete, revision, reason)"
            " VALUES ('/a.zip', x'00', ?, ?, 1, '')",
            (under, is_complete),
        )
    assert version(path) == schema.SCORES.version
    [found] = database.execute("SELECT state, read_under FROM containers")
    assert found == (state, DIGEST if under else b"")


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    check_made_like_todays(path)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE dataset_sidecars")
        database.execute("DROP TABLE dataset_tags")
        database.execute("CREATE INDEX ix_dataset_tags_file_path ON members (file_path)")
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(RunError), open_database(path, DatasetCache):
        pass
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert not names & {"dataset_sidecars", "dataset_tags"}
    assert version_of_dataset(path) == "0001"
