"""Score rows per second into SQLite and PostgreSQL: ours, plain `executemany`, and `COPY`."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, delete, insert

from shared.batching import iter_batches
from shared.database.engine import Database, Place, open_database
from shared.database.scores import classifier_ids, write_rows
from shared.database.tables import Container, Member, ZipScoreCache

Row = tuple[object, ...]

N_CLASSIFIERS = 10
TRANSACTION_ROWS = 10_000
_COLUMNS = [column.name for column in ZipScoreCache.__table__.columns]


def rows_per_second(place: Place, n_rows: int) -> dict[str, float]:
    """Write the same rows in each way into an empty table; the last way's rows go too."""
    with open_database(place, ZipScoreCache) as database:
        database.run(_prepare, n_rows // N_CLASSIFIERS)
        rows = list(_iter_rows(n_rows // N_CLASSIFIERS))
        ways = {"ours": write_rows, "executemany": _executemany}
        if isinstance(place, str):
            ways["COPY"] = _copy
        return {name: len(rows) / _seconds(database, way, rows) for name, way in ways.items()}


def _seconds(database: Database, way: Callable[..., None], rows: list[Row]) -> float:
    start = time.perf_counter()
    for batch in iter_batches(rows, TRANSACTION_ROWS):
        database.run(way, ZipScoreCache, batch)
    seconds = time.perf_counter() - start
    database.run(lambda connection: connection.execute(delete(ZipScoreCache)))
    return seconds


def _prepare(connection: Connection, n_members: int) -> None:
    state = {"stamp": b"", "read_under": b"", "complete": True, "revision": 1, "reason": ""}
    connection.execute(insert(Container), [{"id": 1, "address": "/a.zip", "fate": None} | state])
    told = {"container_id": 1, "parent": "/a.zip", "fate": "scored", "reason": ""}
    members = [
        {"id": i + 1, "entry": str(i), "file_path": _address(i), "file_name": f"{i}.png"} | told
        for i in range(n_members)
    ]
    connection.execute(insert(Member), members)
    classifier_ids(connection, [f"classifier-{i}" for i in range(N_CLASSIFIERS)])


def _address(number: int) -> str:
    return f"/collections/photos/archive-{number // 1000}.zip!/folder/{number}.png"


def _iter_rows(n_members: int) -> Iterator[Row]:
    for member in range(n_members):
        facts = (f"{member}.png", _address(member), ".png", f"{member:0128x}")
        for i in range(N_CLASSIFIERS):
            model = (f"classifier-{i}", "ovr-svm", "2026-01-01, 00:00:00", f"tag-{i}", i / 7)
            yield member + 1, i + 1, *facts, *model, "/collections/photos/archive.zip"


def _executemany(connection: Connection, _: object, rows: list[Row]) -> None:
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(_COLUMNS))
    _cursor(connection).executemany(f"INSERT INTO zip_score_cache VALUES ({marks})", rows)


def _copy(connection: Connection, _: object, rows: list[Row]) -> None:
    with _cursor(connection).copy("COPY zip_score_cache FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _cursor(connection: Connection) -> Any:  # noqa: ANN401 - each driver has its own
    return connection.connection.cursor()
