"""What every test may use: databases, a server, and the settings under which laws are tried."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from shared.database.engine import Database, open_database
from shared.database.tables import ZipScoreCache
from tests.postgres import Server, running_server

settings.register_profile(
    "quick",
    max_examples=40,
    derandomize=True,  # a test that fails once fails always
    database=None,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,  # which a busy machine is
    ],
)
settings.load_profile("quick")


TOGETHER = (
    "tests/cluster/",
    "postgresql",
    "test_readme",
    "test_hostile_archives",
    "[sqlite",
    "browser/test_story",
)
"""What the names of tests have in common that share a server or a long preparation."""
SERVERS = {"server", "cluster", "s3"}
"""Fixtures that start one."""


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives tests that belong together to one process, and all others to whichever is free.

    The marks by which pytest-xdist itself does that get lost under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((shared for shared in TOGETHER if shared in nodeid), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Have tests spread over the cores, but for what belongs together."""
    return _Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a server."""
    for item in items:
        if SERVERS & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.server)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what has been loaded by now: it lives to the end."""
    gc.freeze()


_HANDLERS = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


@pytest.fixture(autouse=True)
def _signals_as_at_the_start() -> Iterator[None]:
    """Signals work in every test: a command that has ended in this process ignores them."""
    for number, handler in _HANDLERS.items():
        signal.signal(number, handler)
    yield
    for number, handler in _HANDLERS.items():
        signal.signal(number, handler)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database of stage 4, as a file."""
    with open_database(tmp_path / "zip_score_cache.sqlite", ZipScoreCache) as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of these tests' own; each takes a database of its own from it."""
    with running_server() as started:
        yield started
