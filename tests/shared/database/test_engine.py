"""A database opens, keeps its promises, or says in plain words why not."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from shared.database import engine, sqlite
from shared.database.engine import Database, open_database, open_for_reading, open_given
from shared.database.tables import ClassifierRow, ScoreCache, ZipScoreCache
from shared.errors import RunError
from tests.shared.database.world import column
from tests.worlds import ROOT

KILLED = """
import os, pathlib, sys
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from shared.database.engine import open_database
from shared.database.tables import ZipScoreCache

def add(connection, name):
    connection.execute(text("INSERT INTO classifiers (model_name) VALUES (:n)"), {"n": name})

with open_database(pathlib.Path(sys.argv[1]), ZipScoreCache) as database:
    database.run(add, "committed")
    with database.transaction() as connection:
        add(connection, "not yet")
        os._exit(9)
"""


def setting(database: Database, name: str) -> object:
    return database.run(lambda c: c.execute(text(f"PRAGMA {name}")).scalar())


def add_classifier(database: Database, name: str) -> None:
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO classifiers (model_name) VALUES (:n)"), {"n": name})


@pytest.mark.parametrize(
    ("name", "value"), [("foreign_keys", 1), ("journal_mode", "wal"), ("busy_timeout", 30_000)]
)
def test_each_connection_is_set_up(database: Database, name: str, value: object) -> None:
    assert setting(database, name) == value


def test_runs_of_a_group_are_committed_together_so_many_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "zip_score_cache.sqlite"

    def add(connection: Connection, name: str) -> None:
        connection.execute(text("INSERT INTO classifiers (model_name) VALUES (:n)"), {"n": name})

    def fail(_: Connection) -> None:
        raise RunError("here", "odd")

    with open_database(path, ZipScoreCache) as database, open_for_reading(path) as other:
        with database.grouped(2):
            database.run(add, "a")
            assert column(other, ClassifierRow, "model_name") == []
            database.run(add, "b")
            assert column(other, ClassifierRow, "model_name") == ["a", "b"]
            database.run(add, "c")
        assert column(other, ClassifierRow, "model_name") == ["a", "b", "c"]
        with pytest.raises(RunError, match="odd"), database.grouped(2):  # noqa: PT012
            for name in ("d", "e", "f"):
                database.run(add, name)
            database.run(fail)
        assert column(other, ClassifierRow, "model_name") == ["a", "b", "c", "d", "e"]
        database.run(add, "g")
        assert column(other, ClassifierRow, "model_name")[-1] == "g"


def test_what_was_committed_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    with open_database(path, ZipScoreCache) as database:
        add_classifier(database, "model")
    with open_database(path, ZipScoreCache) as database:
        assert column(database, ClassifierRow, "model_name") == ["model"]


def test_an_error_takes_back_all_of_its_transaction(database: Database) -> None:
    def fail_half_way() -> None:
        with database.transaction() as connection:
            connection.execute(text("INSERT INTO classifiers (model_name) VALUES ('model')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert column(database, ClassifierRow, "model_name") == []


def test_a_run_that_is_killed_leaves_what_it_had_committed(tmp_path: Path) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    killed = subprocess.run([sys.executable, "-c", KILLED, path], cwd=ROOT, check=False)
    with open_database(path, ZipScoreCache) as database:
        assert column(database, ClassifierRow, "model_name") == ["committed"]
    assert killed.returncode == 9


def test_a_statement_that_fails_ends_the_run_and_names_the_database(database: Database) -> None:
    add_classifier(database, "model")
    with pytest.raises(RunError, match="UNIQUE") as caught:
        add_classifier(database, "model")
    assert caught.value.where == database.where


def test_others_can_read_while_a_run_writes(database: Database) -> None:
    add_classifier(database, "model")
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM classifiers"))
        other = sqlite3.connect(database.where)
        assert other.execute("SELECT model_name FROM classifiers").fetchall() == [("model",)]
        other.close()


def test_a_database_in_use_by_another_run_ends_this_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1)
    with database.transaction():
        with pytest.raises(RunError) as caught, open_database(Path(database.where), ZipScoreCache):
            pass
        assert "Another program" in caught.value.remedy


@pytest.mark.parametrize("content", [b"<html>" * 100, b"SQLite format 3\0" + b"\xff" * 100])
def test_a_file_that_is_no_database_ends_the_run_with_a_remedy(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    path.write_bytes(content)
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache):
        pass
    assert (caught.value.where, caught.value.remedy[:4]) == (str(path), "Move")


def test_damage_that_sqlite_cannot_quote_in_utf_8_ends_the_run_with_a_remedy(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    with open_database(path, ZipScoreCache):
        pass
    head = b"CREATE VIEW zip_tags AS"
    path.write_bytes(path.read_bytes().replace(head, head[:-3] + b'A"\xba'))
    with pytest.raises(RunError, match="malformed database schema") as caught:
        open_database(path, ZipScoreCache).__enter__()
    assert caught.value.remedy.startswith("Move the file away")


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(RunError), open_database(path, ZipScoreCache):
        pass
    assert path.read_bytes() == b"<html>" * 100


def test_a_database_of_other_tables_by_these_names_ends_the_run_with_a_remedy(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zip_score_cache.sqlite"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE zip_score_cache (file_name TEXT)")
    old.close()
    with pytest.raises(RunError) as caught, open_database(path, ZipScoreCache) as database:
        column(database, ZipScoreCache, "tag_score")
    assert caught.value.remedy


def test_a_folder_that_is_not_there_ends_the_run_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught, open_database(tmp_path / "a" / "b", ZipScoreCache):
        pass
    assert "another output folder" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_ends_the_run_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunError) as caught, open_database(tmp_path / "new", ZipScoreCache):
        pass
    assert "another output folder" in caught.value.remedy


@pytest.mark.parametrize("folder", ["a?b", "a#b", "50%", "%20", "a b", "caf\u00e9", "?mode=ro"])
def test_the_database_is_in_its_folder_whatever_that_is_called(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    with open_database(tmp_path / folder / "cache.sqlite", ZipScoreCache):
        assert (tmp_path / folder / "cache.sqlite").is_file()


def test_a_closed_database_is_one_file(tmp_path: Path) -> None:
    with open_database(tmp_path / "cache.sqlite", ZipScoreCache) as database:
        add_classifier(database, "model")
    assert [path.name for path in tmp_path.iterdir()] == ["cache.sqlite"]


def test_a_database_that_is_removed_meanwhile_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with pytest.raises(RunError, match="has been removed"), open_database(path, ZipScoreCache):
        path.unlink()


def test_a_database_holds_the_contract_table_of_its_stage_only(tmp_path: Path) -> None:
    with open_database(tmp_path / "cache.sqlite", ScoreCache) as database:
        names = database.run(
            lambda c: set(c.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
        )
    assert {"score_cache", "zip_score_cache", "dataset_cache"} & names == {"score_cache"}


def test_the_survey_is_gone_when_the_database_is_opened_again(tmp_path: Path) -> None:
    with open_database(tmp_path / "cache.sqlite", ScoreCache):
        pass
    closed = sqlite3.connect(tmp_path / "cache.sqlite")
    names = {name for (name,) in closed.execute("SELECT name FROM sqlite_master")}
    closed.close()
    assert "survey" not in names


class TestReadingBesides:
    def test_what_is_committed_is_seen_and_nothing_else(self, database: Database) -> None:
        add_classifier(database, "committed")
        with (
            database.transaction() as connection,
            open_for_reading(Path(database.where)) as reader,
        ):
            connection.execute(text("INSERT INTO classifiers (model_name) VALUES ('not yet')"))
            assert column(reader, ClassifierRow, "model_name") == ["committed"]

    def test_a_reader_does_not_hold_up_the_writer(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1)
        with open_for_reading(Path(database.where)) as reader, reader.transaction() as reading:
            reading.execute(text("SELECT * FROM classifiers"))
            add_classifier(database, "model")
        assert column(database, ClassifierRow, "model_name") == ["model"]


class TestServerThatGoesAway:
    @pytest.fixture
    def database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
        """One that is tried twice more, at once."""
        monkeypatch.setattr(sqlite, "is_gone", lambda _: True)
        with open_database(tmp_path / "scores.sqlite", ZipScoreCache, (0, 0)) as opened:
            yield opened

    def gone(self) -> OperationalError:
        return OperationalError("SELECT 1", None, ConnectionError("gone"))

    def test_the_whole_transaction_is_done_again(self, database: Database) -> None:
        failures = [self.gone(), self.gone()]

        def add(connection: Connection) -> None:
            connection.execute(text("INSERT INTO classifiers (model_name) VALUES ('model')"))
            if failures:
                raise failures.pop()

        database.run(add)
        assert column(database, ClassifierRow, "model_name") == ["model"]

    def test_one_that_stays_away_ends_the_run(self, database: Database) -> None:
        def fail(_: Connection) -> None:
            raise self.gone()

        with pytest.raises(RunError, match="gone"):
            database.run(fail)

    def test_a_failure_of_another_kind_is_not_tried_again(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "is_gone", lambda _: False)
        tries = []

        def fail(_: Connection) -> None:
            tries.append(1)
            raise self.gone()

        with pytest.raises(RunError):
            database.run(fail)
        assert len(tries) == 1

    def test_a_bug_is_not_tried_again(self, database: Database) -> None:
        tries = []

        def fail(_: Connection) -> None:
            tries.append(1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.run(fail)
        assert len(tries) == 1


@pytest.mark.parametrize(
    "url",
    [
        "foo",
        "://",
        "mysql://a@b/c",
        "nonsense://x/y",
        "postgresql+psycopg2://x/y",
        "postgresql+psycopg://host:port/name",
        "sqlite:///x.db",
        "sqlite://",
    ],
)
def test_an_address_of_no_known_database_ends_the_run_with_what_is_allowed(url: str) -> None:
    with pytest.raises(RunError) as caught, open_database(url, ZipScoreCache):
        pass
    assert caught.value.where == "--database_url"
    assert "postgresql+psycopg://" in caught.value.remedy
    assert "SQLite keeps them in the output folder" in caught.value.remedy


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_url_may_be_spelled_as_postgresql_spells_it(scheme: str) -> None:
    assert engine._url(f"{scheme}://me@host/name").drivername == "postgresql+psycopg"


def test_a_missing_driver_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RunError, match="needs the package psycopg") as caught:  # noqa: SIM117
        with open_database("postgresql://me@host/name", ZipScoreCache):
            pass
    assert "requirements-postgresql.txt" in caught.value.remedy


def test_what_a_server_says_is_one_line_without_escapes() -> None:
    with (
        pytest.raises(RunError, match="Connection refused Is the server") as caught,
        open_database("postgresql://me@localhost:1/name", ZipScoreCache, ()),
    ):
        pass
    assert "\\n" not in str(caught.value)


class TestGivenFile:
    def test_one_that_is_not_there_is_no_database(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="Run stage 3 or 4"), open_given(tmp_path / "none"):
            pass

    def test_one_that_is_no_database_is_the_users_to_keep(self, tmp_path: Path) -> None:
        (tmp_path / "some.txt").write_bytes(b"text" * 1000)
        with (
            pytest.raises(RunError) as caught,
            open_given(tmp_path / "some.txt") as database,
        ):
            column(database, ZipScoreCache, "tag")
        assert caught.value.remedy == "Name a .sqlite that stage 3 or 4 has written."

    def test_one_of_a_stage_is_read(self, database: Database) -> None:
        add_classifier(database, "model")
        with open_given(Path(database.where)) as given:
            assert column(given, ClassifierRow, "model_name") == ["model"]


def test_a_password_is_not_shown() -> None:
    with (
        pytest.raises(RunError) as caught,
        open_database(
            "postgresql+psycopg://me:secret@localhost:1/db", ZipScoreCache, retry_seconds=()
        ),
    ):
        pass
    assert "secret" not in str(caught.value)
