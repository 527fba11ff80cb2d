"""One small collection for each database under test, and what an undisturbed run makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    world = write_collection(tmp_path_factory.mktemp("crash"), SMALL)
    scene = Scene(world, database, ("--quiet", "--workers=1"))
    return Trial(scene, *undisturbed(scene))
