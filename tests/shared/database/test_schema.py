from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from shared.database import schema
from shared.database.engine import open_database
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import RunError

STEP = """
from alembic import op
import sqlalchemy as sa
revision = "0002"
down_revision = "0001"
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
    assert version(path) == schema.VERSION


def test_todays_version_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.VERSION]


def test_a_database_of_before_there_were_versions_gets_one(path: Path) -> None:
    execute(path, "INSERT INTO classifiers (model_name) VALUES ('kept')")
    execute(path, "DROP TABLE alembic_version")
    assert version(path) == schema.VERSION


def test_an_older_one_is_migrated_in_place(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(path, "INSERT INTO classifiers (model_name) VALUES ('kept')")
    steps = tmp_path / "migrations"
    (steps / "versions").mkdir(parents=True)
    (steps / "env.py").write_text((schema.MIGRATIONS / "env.py").read_text())
    [first] = (schema.MIGRATIONS / "versions").glob("0001*.py")
    (steps / "versions" / first.name).write_text(first.read_text())
    (steps / "versions" / "0002_extra.py").write_text(STEP)
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", "0002")
    with open_database(path, ZipScoreCache) as database, database.transaction() as connection:
        assert "extra" in {c["name"] for c in inspect(connection).get_columns("members")}
        assert connection.scalar(text("SELECT model_name FROM classifiers")) == "kept"
    assert version(path) == "0002"


def test_a_newer_one_is_refused(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache):
        pass
    assert caught.value.found == "has schema version 9999, this program knows versions up to 0001"


def test_two_stages_do_not_share_a_database(path: Path) -> None:
    execute(path, "SELECT 1")
    with pytest.raises(RunError) as caught, open_database(path, ScoreCache):
        pass
    assert caught.value.found == "holds zip_score_cache already"
