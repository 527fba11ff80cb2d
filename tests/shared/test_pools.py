"""Worker processes: what fails in them is told, and they end with the command."""

import errno
import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from shared.database.containers import Standing
from shared.database.engine import open_database
from shared.database.tables import ZipScoreCache
from shared.errors import RunError, SkipError
from shared.fates import Fate
from shared.pools import Pool
from shared.records import Limits
from shared.sources import ArchiveSource
from shared.units import ReadingContext, Unit, iter_units
from tests.worlds import png, zipped

SECONDS = 60


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ReadingContext]:
    database = tmp_path / "zip_score_cache.sqlite"
    source = ArchiveSource(tmp_path, tmp_path / "none")
    with open_database(database, ZipScoreCache):
        yield ReadingContext(source, Limits(), database, tmp_path, None, None)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"1.png": png(1), "2.txt": b"text"}))
    standing = Standing(1, 1, str(path), str(path), 2, is_read=False, is_resumable=False)
    return next(iter_units(standing, ()))


def test_a_pool_reads_lists_and_is_replaced(context: ReadingContext, unit: Unit) -> None:
    with Pool(context, 1) as pool:
        pool.check()
        read = pool.submit(unit).result(SECONDS).readings
        assert [reading.fate for reading in read] == [Fate.PENDING, Fate.NOT_AN_IMAGE]
        with pytest.raises(BrokenExecutor):
            pool._submit(os._exit, 1).result(SECONDS)
        listed = pool.submit_listing(unit).result(SECONDS)
    assert [member.name for member in listed] == ["1.png", "2.txt"]


def test_a_reader_that_cannot_be_opened_is_told_and_no_death(
    tmp_path: Path, context: ReadingContext, unit: Unit
) -> None:
    lacking = replace(context, metadata_json=tmp_path / "nowhere.json")
    with Pool(lacking, 1) as pool:
        with pytest.raises(RunError, match=r"nowhere\.json"):
            pool.submit(unit).result(SECONDS)
        with pytest.raises(RunError, match=r"nowhere\.json"):
            pool.check()


def test_a_container_that_cannot_be_listed_is_told(
    tmp_path: Path, context: ReadingContext, unit: Unit
) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with Pool(context, 1) as pool, pytest.raises(SkipError):
        pool.submit_listing(unit).result(SECONDS)


def test_an_interrupt_at_the_terminal_is_the_commands_alone(context: ReadingContext) -> None:
    with Pool(context, 1) as pool:
        blocked = pool._submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result(SECONDS)
    assert blocked == {signal.SIGINT}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_workers_that_cannot_be_started_are_a_failed_run(
    context: ReadingContext, unit: Unit, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("joblib.externals.loky.backend.fork_exec.fork_exec", refuse)
    with Pool(context, 1) as pool, pytest.raises(RunError, match="--workers=1"):
        pool.submit(unit)


def test_workers_that_die_as_they_start_are_a_failed_run(
    context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.pools._open_reader", os.abort)
    with Pool(context, 1) as pool, pytest.raises(RunError, match="as soon as they start"):
        pool.check()
