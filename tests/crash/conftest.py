"""One small collection, and what an undisturbed run makes of it in each database under test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.databases import DatabaseUnderTest, Postgresql, Sqlite
from tests.crash.kills import Pace, undisturbed
from tests.crash.scene import SMALL, Scene, write_collection
from tests.crash.standing import Standing
from tests.postgres import running_server


@dataclass(frozen=True)
class Trial:
    """A scene with the end that all runs have to reach, and how long one takes."""

    scene: Scene
    reference: Standing
    pace: Pace


def trial_on(database: DatabaseUnderTest, folder: Path) -> Trial:
    scene = Scene(write_collection(folder, SMALL), database, ("--quiet", "--workers=1"))
    return Trial(scene, *undisturbed(scene))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[DatabaseUnderTest]:
    """Each kind, the server started for these tests."""
    if request.param == "sqlite":
        yield Sqlite()
        return
    with running_server() as server:
        yield Postgresql(server)


@pytest.fixture(scope="session")
def trial(database: DatabaseUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial_on(database, tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial_on(Sqlite(), tmp_path_factory.mktemp("on_sqlite"))


@pytest.fixture
def scene(on_sqlite: Trial) -> Scene:
    return on_sqlite.scene


@pytest.fixture
def reference(on_sqlite: Trial) -> Standing:
    return on_sqlite.reference
