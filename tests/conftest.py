"""What every test may use: databases, a server, and the settings under which laws are tried."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


_SERVERS = {"server": "postgresql", "cluster": "cluster", "s3": "cluster"}
"""Fixtures that start servers, and the group of tests that has them for itself."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have tests that share a server run one after the other, in one process."""
    for item in items:
        for fixture in _SERVERS.keys() & getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)
            item.add_marker(pytest.mark.xdist_group(_SERVERS[fixture]))


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
