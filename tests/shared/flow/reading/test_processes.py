"""A worker process that dies is replaced, and none outlives its command."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from shared.database.engine import open_database
from shared.database.surveys import Standing
from shared.database.tables import DatasetCache, Stands, ZipScoreCache
from shared.errors import RunError, SkipError
from shared.flow.reading import processes
from shared.flow.reading.processes import Pool
from shared.flow.reading.slices import ReadingContext, Unit, iter_units
from shared.records import Limits
from shared.sources.source import ArchiveSource
from tests.deadly import DeadlySource
from tests.worlds import ROOT, png, zipped

pytestmark = pytest.mark.kill


@pytest.fixture
def context(tmp_path: Path) -> ReadingContext:
    place = tmp_path / "zip_score_cache.sqlite"
    with open_database(place, ZipScoreCache):
        source = DeadlySource(ArchiveSource(tmp_path, tmp_path / "output"), tmp_path / "killed")
        return ReadingContext(source, Limits(), place, tmp_path, None, None)


def unit(tmp_path: Path, last: str = "2.png") -> Unit:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({name: png(i) for i, name in enumerate(("0.png", "1.png", last))}))
    standing = Standing(1, 1, str(path), str(path), 3, Stands.NOTHING)
    [whole] = iter_units(standing, ())
    return whole


def test_a_pool_that_is_not_used_starts_no_process(context: ReadingContext) -> None:
    with Pool(context, 2) as pool:
        assert pool._executor is None


def test_a_worker_that_died_is_replaced(tmp_path: Path, context: ReadingContext) -> None:
    with Pool(context, 1) as pool:
        with pytest.raises(BrokenExecutor):
            pool.submit(unit(tmp_path, "deadly.png")).result()
        assert len(pool.submit(unit(tmp_path)).result().readings) == 3


def test_when_workers_have_ended_each_database_is_one_file(
    tmp_path: Path, context: ReadingContext
) -> None:
    with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache):
        pass
    with Pool(context, 2) as pool:
        pool.submit(unit(tmp_path)).result()
        assert (tmp_path / "dataset_cache.sqlite-wal").exists()
    names = {path.name for path in tmp_path.glob("*.sqlite*")}
    assert names == {"dataset_cache.sqlite", "zip_score_cache.sqlite"}


def test_a_run_that_fails_does_not_wait_for_its_workers(
    tmp_path: Path, context: ReadingContext
) -> None:
    pool = Pool(context, 1)
    one = unit(tmp_path)

    def fail() -> None:
        with pool:
            pool.submit(one).result()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not pool._executor._processes


def test_what_a_unit_holds_is_listed_unread(tmp_path: Path, context: ReadingContext) -> None:
    with Pool(context, 1) as pool:
        listed = pool.submit_listing(unit(tmp_path)).result()
    assert [member.place.name for member in listed] == ["0.png", "1.png", "2.png"]


def test_a_container_that_cannot_be_listed_is_told(tmp_path: Path, context: ReadingContext) -> None:
    one = unit(tmp_path)
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with Pool(context, 1) as pool, pytest.raises(SkipError):
        pool.submit_listing(one).result()


def test_a_reader_that_cannot_be_opened_is_told_and_no_death(
    tmp_path: Path, context: ReadingContext
) -> None:
    lacking = replace(context, metadata_json=tmp_path / "nowhere.json")
    with Pool(lacking, 1) as pool:
        with pytest.raises(RunError, match=r"nowhere\.json"):
            pool.submit(unit(tmp_path)).result()
        with pytest.raises(RunError, match=r"nowhere\.json"):
            pool.check()


def test_an_interrupt_at_the_terminal_is_the_commands_alone(context: ReadingContext) -> None:
    with Pool(context, 1) as pool:
        blocked = pool._submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
    assert blocked == {signal.SIGINT}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_workers_that_cannot_be_started_are_a_failed_run(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("joblib.externals.loky.backend.fork_exec.fork_exec", refuse)
    with Pool(context, 1) as pool, pytest.raises(RunError, match="--workers=1"):
        pool.submit(unit(tmp_path))


def test_workers_that_die_as_they_start_are_a_failed_run(
    context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.flow.reading.processes._open_reader", os.abort)
    with Pool(context, 1) as pool, pytest.raises(RunError, match="as soon as they start"):
        pool.check()


def test_one_that_a_stranger_kills_as_soon_as_it_starts_is_not_held_against_all(
    context: ReadingContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "shared.flow.reading.processes._open_reader", partial(die_once, tmp_path / "died")
    )
    with Pool(context, 1) as pool:
        pool.check()
    assert (tmp_path / "died").exists()


def die_once(mark: Path) -> None:
    """End the process, unless another one has died here before."""
    with suppress(FileExistsError):
        mark.touch(exist_ok=False)
        os.abort()


ORPHANS = """
import os, sys
from pathlib import Path
from shared.flow.reading import processes
from shared.flow.reading.processes import Pool
from shared.records import Limits
from shared.sources.source import ArchiveSource
from shared.flow.reading.slices import ReadingContext

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    place = folder / "zip_score_cache.sqlite"
    source = ArchiveSource(folder, folder / "output")
    pool = Pool(ReadingContext(source, Limits(), place, folder, None, None), 1)
    pool._running().submit(os.getpid).result()
    print(pool._running().submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), 9)
"""


def test_a_worker_ends_when_its_command_is_killed(tmp_path: Path, context: ReadingContext) -> None:
    script = tmp_path / "command.py"
    script.write_text(ORPHANS)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert context
    assert is_gone_within(int(done.stdout), seconds=10)


def is_gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_where_nobody_hands_work_on_the_run_ends_with_a_line(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    with Pool(context, 2) as pool:
        pool.submit(unit(tmp_path)).result()
        monkeypatch.setattr(type(pool._executor._executor_manager_thread), "run", fail)
    with pytest.raises(RunError, match="has ended"), Pool(context, 2) as pool:
        pool.submit(unit(tmp_path)).result()


def test_where_no_thread_can_be_started_the_run_ends_with_a_line(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    pool = Pool(context, 2)
    monkeypatch.setattr(type(pool._running()), "submit", fail)
    with pytest.raises(RunError, match="can't start new thread"), pool:
        pool.submit(unit(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="nobody stops processes there")
def test_a_worker_that_stands_still_is_replaced(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOPPED_SECONDS", 0)
    with Pool(context, 1) as pool:
        pool.submit(unit(tmp_path)).result()
        os.kill(next(iter(pool._executor._processes)), signal.SIGSTOP)
        with pytest.raises(BrokenExecutor):
            pool.submit(unit(tmp_path)).result()
        assert len(pool.submit(unit(tmp_path)).result().readings) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="nobody stops processes there")
def test_a_worker_that_stands_still_does_not_hold_up_the_end(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ENDING_SECONDS", 1)
    with Pool(context, 2) as pool:
        pool.submit(unit(tmp_path)).result()
        stopped = next(iter(pool._executor._processes))
        os.kill(stopped, signal.SIGSTOP)
    assert not Path(f"/proc/{stopped}").exists()
