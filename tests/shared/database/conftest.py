"""An empty database of stage 4, of each kind in turn."""

from collections.abc import Iterator

import pytest

from shared.database.engine import Database, open_database
from shared.database.tables import ZipScoreCache
from tests.postgres import Server


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.server)])
def of_each_kind(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A file, and a database on a server."""
    if request.param == "file":
        yield request.getfixturevalue("database")
    else:
        server: Server = request.getfixturevalue("server")
        with open_database(server.fresh_database(), ZipScoreCache) as database:
            yield database
