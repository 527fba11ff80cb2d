"""One small collection, and what an undisturbed run makes of it in each database under test."""

from pathlib import Path

import pytest

from tests.crash.databases import DatabaseUnderTest, Postgresql, Sqlite
from tests.crash.kills import Trial, undisturbed
from tests.crash.scene import SMALL, Scene, write_collection
from tests.crash.standing import Standing
from tests.postgres import Server


def trial_on(database: DatabaseUnderTest, folder: Path) -> Trial:
    return undisturbed(Scene(write_collection(folder, SMALL), database, ("--quiet", "--workers=1")))


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial_on(Sqlite(), tmp_path_factory.mktemp("on_sqlite"))


@pytest.fixture(scope="session")
def on_postgresql(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial_on(Postgresql(server), tmp_path_factory.mktemp("on_postgresql"))


ON_POSTGRESQL = pytest.param("on_postgresql", id="postgresql", marks=pytest.mark.server)


@pytest.fixture(scope="session", params=[pytest.param("on_sqlite", id="sqlite"), ON_POSTGRESQL])
def trial(request: pytest.FixtureRequest) -> Trial:
    """The same on each kind of database."""
    found: Trial = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def scene(on_sqlite: Trial) -> Scene:
    return on_sqlite.scene


@pytest.fixture
def reference(on_sqlite: Trial) -> Standing:
    return on_sqlite.reference
