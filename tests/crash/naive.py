"""Stage 4 as one might write it first: it fills the results folder under its final name, and notes
that an archive has been read before it has. The crash test must catch it.
"""

import runpy
import sys
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import Connection  # noqa: E402 - the project's folder goes on the path first

from shared.database.containers import finish_reading, start_reading  # noqa: E402
from shared.database.surveys import Standing  # noqa: E402
from shared.flow import publishing  # noqa: E402
from shared.flow.reading import ingestion  # noqa: E402
from shared.results.folder import ResultsFolder  # noqa: E402


def _begin_as_finished(connection: Connection, standing: Standing, read_under: bytes) -> int:
    container_id = start_reading(connection, standing, read_under)
    finish_reading(connection, container_id, None, "")
    return container_id


class _NamedFolder(ResultsFolder):
    """Has its final name from the start."""

    def __init__(self, output: Path, started: datetime, *, links: bool) -> None:
        super().__init__(output, started, links=links)
        self._root = output / self._name
        self._store = self._root / ".store"
        self._names = self._root / ".names"


if __name__ == "__main__":
    vars(ingestion)["start_reading"] = _begin_as_finished
    vars(publishing)["ResultsFolder"] = _NamedFolder
    runpy.run_path(str(ROOT / "stage4" / "classify_zip.py"), run_name="__main__")
