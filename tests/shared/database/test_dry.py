"""In a dry database all is as for a run, and the real one stays as it is."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from shared.database.dry import open_dry
from shared.database.engine import Database, DatabasePlace, open_database
from shared.database.surveys import mark_standing, survey_totals, write_survey
from shared.database.tables import ContainerRow, ScoreCache, SurveyRow, ZipScoreCache
from shared.errors import RunError
from tests.postgres import Server
from tests.shared.database.world import UNDER, A, B, found, pictures, read, score, survey


def fill(place: DatabasePlace) -> None:
    with open_database(place, ZipScoreCache) as database:
        survey(database, found(A), found(B))
        for address in (A, B):
            score(database, read(database, address, *pictures(address, 2)), "cat")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cache.sqlite"
    fill(path)
    return path


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest) -> DatabasePlace:
    if request.param == "file":
        made: DatabasePlace = request.getfixturevalue("path")
        return made
    server: Server = request.getfixturevalue("server")
    url = server.fresh_database()
    fill(url)
    return url


def containers(database: Database) -> set[str]:
    return set(database.run(lambda c: c.scalars(select(ContainerRow.address)).all()))


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def forget_all(database: Database) -> None:
    database.run(lambda c: c.execute(delete(ContainerRow)))


def test_what_is_forgotten_in_it_is_not(place: DatabasePlace) -> None:
    with open_dry(place, ZipScoreCache) as database:
        assert containers(database) == {A, B}
        forget_all(database)
        assert containers(database) == set()
    with open_dry(place, ZipScoreCache) as database:
        assert containers(database) == {A, B}


def test_its_survey_is_its_own(place: DatabasePlace) -> None:
    with open_database(place, ZipScoreCache) as real:
        real.run(write_survey, [found(A)])
        with open_dry(place, ZipScoreCache) as database:
            database.run(write_survey, [found(A), found(B, b"changed")])
            database.run(mark_standing, UNDER, rescan=False)
            assert database.run(survey_totals) == (2, 1, 0, 2)
        assert real.run(lambda c: c.scalars(select(SurveyRow.address)).all()) == [A]


def test_a_file_and_its_folder_stay_as_they_are(path: Path) -> None:
    before = state(path.parent)
    with open_dry(path, ZipScoreCache) as database:
        forget_all(database)
        assert state(path.parent) == before
    assert state(path.parent) == before


def test_a_run_that_goes_on_is_not_waited_for(path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM zip_score_cache")
        with open_dry(path, ZipScoreCache) as database:
            assert containers(database) == {A, B}
        other.execute("ROLLBACK")


def test_what_a_killed_run_has_left_is_read_and_stays(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute(f"DELETE FROM containers WHERE address = '{B}'")
        for one in path.parent.glob("cache.sqlite*"):
            shutil.copy(one, folder)
    before = state(folder)
    assert "cache.sqlite-wal" in before
    with open_dry(folder / path.name, ZipScoreCache) as database:
        assert containers(database) == {A}
    after = state(folder)
    assert {name: after[name] for name in after if not name.endswith("-shm")} == {
        name: before[name] for name in before if not name.endswith("-shm")
    }


def test_where_there_is_none_one_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "no" / "cache.sqlite"
    with open_dry(path, ScoreCache) as database:
        assert database.where == str(path)
        assert containers(database) == set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.server
def test_an_empty_database_of_a_server_stays_empty(server: Server) -> None:
    url = server.fresh_database()
    for _ in range(2):
        with open_dry(url, ZipScoreCache) as database:
            assert containers(database) == set()


def test_an_older_database_is_not_brought_up_to_date(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '0004'")
    other.close()
    before = state(path.parent)
    with pytest.raises(RunError, match="has schema version 0004"), open_dry(path, ZipScoreCache):
        pass
    assert state(path.parent) == before


def test_a_name_that_a_url_would_not_keep_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "50% of ?, #1" / "cache.sqlite"
    path.parent.mkdir()
    fill(path)
    with open_dry(path, ZipScoreCache) as database:
        assert containers(database) == {A, B}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_hindrance(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with open_dry(path, ZipScoreCache) as database:
            assert containers(database) == {A, B}
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize("looks_damaged", [True, False])
def test_what_changes_while_it_is_read_is_refused(path: Path, looks_damaged: bool) -> None:
    def read_late() -> None:
        with open_dry(path, ZipScoreCache):
            with open_database(path, ZipScoreCache) as other:
                forget_all(other)
            if looks_damaged:
                raise RunError(str(path), "looks damaged", "Move it away.")

    with pytest.raises(RunError, match=r"another run has begun to write to it\. Run the same"):
        read_late()
