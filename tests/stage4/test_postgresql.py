"""The same scores in PostgreSQL as in SQLite, also where its server goes away for a while."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text
from sqlalchemy.exc import DBAPIError

from shared.database.bulk import insert_many
from shared.database.engine import RETRY_SECONDS, open_database
from shared.database.postgresql import LOCK_KEY
from shared.database.scores import ScoreTable, write_rows
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.flow.survey import iter_standing, take_survey
from shared.records import Limits
from tests.postgres import Server
from tests.shared.flow.scenes import archives
from tests.worlds import REFERENCE, ROOT, World, command, png, zipped

COLUMNS = (
    "file_name, file_path, archive_path, type, hash_id, model_name, model_type, model_train_date,"
    " tag, tag_score"
)
ROWS = f"SELECT {COLUMNS} FROM zip_score_cache"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    world.archive("a.zip", {"1.png": png(1), "x/é\u202e.png": png(2), "t.txt": b"text"})
    world.archive("odd.zip", {"a\tb\\N\r\n\\.png": png(4), "\\N": png(5)})
    world.archive("b.zip", {"c.zip": zipped({"1.png": png(3)}), "bad.png": b"no picture"})
    world.know(png(3))
    return world


def test_rows_are_those_of_sqlite(world: World, server: Server) -> None:
    world.classify("--results=none")
    url = server.fresh_database()
    world.classify("--results=none", f"--database_url={url}")
    assert relative_rows(world, server, url) == world.rows(COLUMNS)


def relative_rows(world: World, server: Server, url: str) -> list[tuple[object, ...]]:
    """All score rows, sorted, their addresses relative to the collection as `World.rows` gives."""
    above = f"{world.zips}/"
    found = [
        tuple(v.replace(above, "") if isinstance(v, str) else v for v in row)
        for row in server.rows(url, ROWS)
    ]
    return sorted(found)


def test_a_second_run_changes_nothing(world: World, server: Server) -> None:
    url = server.fresh_database()
    first = world.classify(f"--database_url={url}")
    before = server.rows(url, f"{ROWS} ORDER BY member_id, classifier_id")
    assert world.classify(f"--database_url={url}") == first
    assert server.rows(url, f"{ROWS} ORDER BY member_id, classifier_id") == before


def test_rows_that_stand_are_left_as_they_are(world: World, server: Server) -> None:
    url = server.fresh_database()
    world.classify("--results=none", f"--database_url={url}")
    before = server.rows(url, ROWS)
    [first] = server.rows(url, "SELECT min(member_id), min(classifier_id) FROM zip_score_cache")
    with open_database(url, ZipScoreCache) as database:
        database.run(write_rows, ZipScoreCache, [(*first, *["again"] * 8, 0.5, "again")])
    assert sorted(server.rows(url, ROWS)) == sorted(before)


def test_what_is_gone_takes_its_rows_along(world: World, server: Server) -> None:
    url = server.fresh_database()
    world.classify(f"--database_url={url}")
    (world.zips / "a.zip").unlink()
    (world.zips / "odd.zip").unlink()
    (world.models / "model-ovr-logistic-regression-tag-dog.pkl").unlink()
    world.classify(f"--database_url={url}")
    assert server.rows(url, "SELECT file_name, tag FROM zip_score_cache") == [("1.png", "cat")]


def test_names_that_it_cannot_store_are_spelled_out(world: World, server: Server) -> None:
    url = server.fresh_database()
    (world.zips / "nul.zip").write_bytes(zipped({"n\x00ul.png": png(1)}))
    assert world.classify(f"--database_url={url}").exit_code == 3
    assert "nul.zip" in str(server.rows(url, "SELECT file_path FROM members"))


@pytest.mark.parametrize("table", [ZipScoreCache, ScoreCache])
def test_a_second_writer_is_refused_at_once_whichever_its_stage(
    server: Server, table: ScoreTable
) -> None:
    url = server.fresh_database()
    with (
        open_database(url, ZipScoreCache),
        pytest.raises(RunError, match="in use by another run"),
        open_database(url, table),
    ):
        pass


def cut_off(by: "psycopg.Connection[tuple[object, ...]]") -> None:
    """End all other connections to a database, and with them the locks that they hold."""
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    by.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")


@pytest.mark.parametrize("n_other", [0, 1])
def test_a_survey_that_another_run_has_replaced_is_not_gone_on_with(
    server: Server, tmp_path: Path, n_other: int
) -> None:
    url = server.fresh_database()
    ours, others = archives(tmp_path / "ours", a={}), archives(tmp_path / "others", b={})
    with open_database(url, ZipScoreCache) as database:
        take_survey(database, ours, Limits(), b"", rescan=False)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
            cut_off(other)
        for _ in range(n_other):
            with open_database(url, ZipScoreCache) as another:
                take_survey(another, others, Limits(), b"", rescan=False)
        went_on = not n_other
        with nullcontext() if went_on else pytest.raises(RunError, match="another run"):
            assert [Path(one.address).name for one in iter_standing(database)] == ["a.zip"]


@pytest.mark.parametrize(("old", "new"), [("/scores_", "/none_"), ("postgres@", "nobody@")])
def test_who_is_not_let_in_is_told_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    monkeypatch.setattr(time, "sleep", pytest.fail)
    with (
        pytest.raises(RunError, match="does not exist") as caught,
        open_database(server.fresh_database().replace(old, new), ZipScoreCache),
    ):
        pass
    assert "--database_url" in caught.value.remedy


def test_a_lost_connection_that_the_server_still_holds_is_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.fresh_database()
    with (
        open_database(url, ZipScoreCache) as database,
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other,
    ):
        cut_off(other)
        other.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        pauses: list[float] = []

        def release(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                other.execute("SELECT pg_advisory_unlock_all()")

        monkeypatch.setattr(time, "sleep", release)
        assert database.run(lambda c: c.exec_driver_sql("SELECT 7").scalar()) == 7
        assert len(pauses) == 3


class Breaking(list[tuple[object, ...]]):
    """Rows of which the first breaks the connection before it is sent."""

    def __init__(self, connection: Connection) -> None:
        super().__init__([("broken", 1)])
        self.connection = connection

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        driver: Any = self.connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as connected:
            connected.shutdown(socket.SHUT_RDWR)
        return super().__iter__()


def test_a_connection_that_breaks_while_rows_are_copied_is_made_again(
    server: Server,
) -> None:
    table = Table("classifiers", MetaData(), Column("model_name", Text, primary_key=True))
    were_broken: list[bool] = []

    def add(connection: Connection) -> None:
        if not were_broken:
            try:
                insert_many(connection, table, Breaking(connection))
            except DBAPIError as error:
                were_broken.append(error.connection_invalidated)
                raise
        connection.exec_driver_sql("SELECT 1")

    with open_database(server.fresh_database(), ZipScoreCache, (0.1,) * 4) as database:
        database.run(add)
    assert were_broken == [True]


def test_two_stages_do_not_share_a_database(server: Server) -> None:
    url = server.fresh_database()
    with open_database(url, ZipScoreCache):
        pass
    with pytest.raises(RunError, match="holds zip_score_cache"), open_database(url, ScoreCache):
        pass


def test_a_server_that_is_not_there_is_named_in_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    run = world.classify("--database_url=postgresql+psycopg://postgres@127.0.0.1:1/none")
    assert (run.exit_code, run.stderr.count("\n")) == (1, 1)
    assert tuple(pauses) == RETRY_SECONDS


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "postgresql+psycopg2://x/y"])
def test_a_url_that_cannot_be_used_is_a_clear_error(world: World, url: str) -> None:
    run = world.classify(f"--database_url={url}")
    assert (run.exit_code, run.stderr.count("\n")) == (1, 1)


def test_a_server_that_is_restarted_costs_nothing(world: World, server: Server) -> None:
    for number in range(40):
        members = {f"{i}.png": png(1000 + 10 * number + i) for i in range(10)}
        world.archive(f"many/{number}.zip", members)
    world.classify("--results=none")
    url = server.fresh_database()
    arguments = [
        f"--directory={world.zips}",
        f"--metadata_json={world.metadata}",
        f"--model={world.models}",
        f"--output={world.output}",
        f"--database_url={url}",
    ]
    run = subprocess.Popen([sys.executable, ROOT / "stage4" / "classify_zip.py", *arguments])
    _await_rows(server, url)
    assert run.poll() is None
    server.stop()
    server.start()
    assert run.wait(timeout=120) == 3
    assert relative_rows(world, server, url) == world.rows(COLUMNS)


def _await_rows(server: Server, url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(psycopg.errors.UndefinedTable):
            if server.rows(url, "SELECT 1 FROM zip_score_cache LIMIT 1"):
                return
        time.sleep(0.02)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data is not beside the project")
def test_reference_rows_are_those_of_sqlite(tmp_path: Path, server: Server) -> None:
    url = server.fresh_database()
    arguments = (
        f"--directory={REFERENCE / 'images'}",
        f"--metadata_json={REFERENCE / 'input-metadata.json'}",
        f"--model={REFERENCE / 'models'}",
        f"--output={tmp_path}",
        "--results=none",
    )
    command("stage4/classify_zip.py", *arguments)
    command("stage4/classify_zip.py", *arguments, f"--database_url={url}")
    world = World(tmp_path / "none")
    world.output.symlink_to(tmp_path)
    assert sorted(server.rows(url, ROWS)) == world.rows(COLUMNS)
