"""Score rows per second into SQLite and PostgreSQL: ours, plain `executemany`, and `COPY`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from shared.batching import iter_batches
from shared.database.engine import Database, DatabasePlace, open_database
from shared.database.scores import classifier_ids, write_rows
from shared.database.tables import ContainerRow, ContainerState, MemberRow, ZipScoreCache

Row = tuple[object, ...]

N_CLASSIFIERS = 10
TRANSACTION_ROWS = 10_000
_COLUMNS = [column.name for column in ZipScoreCache.__table__.columns]


@dataclass(frozen=True)
class Stored:
    """What it took to write the same rows into an empty table in each way."""

    rows_per_second: dict[str, float]
    bytes_per_row: float


def stored(place: DatabasePlace, n_rows: int) -> Stored:
    """Write rows in each way; the last way's rows go too."""
    with open_database(place, ZipScoreCache) as database:
        database.run(prepare_members, n_rows // N_CLASSIFIERS)
        rows = list(iter_score_rows(n_rows // N_CLASSIFIERS))
        before = database.run(_n_bytes)
        seconds = {"ours": _seconds(database, write_rows, rows)}
        n_bytes = database.run(_n_bytes) - before
        ways = {"executemany": _executemany}
        if isinstance(place, str):
            ways["COPY"] = _copy
        for name, way in ways.items():
            database.run(_empty)
            seconds[name] = _seconds(database, way, rows)
    n_rows = len(rows)
    return Stored({name: n_rows / one for name, one in seconds.items()}, n_bytes / n_rows)


def _seconds(database: Database, way: Callable[..., None], rows: list[Row]) -> float:
    start = time.perf_counter()
    for batch in iter_batches(rows, TRANSACTION_ROWS):
        database.run(way, ZipScoreCache, batch)
    return time.perf_counter() - start


def _empty(connection: Connection) -> None:
    """Remove all rows; PostgreSQL would leave dead ones in the index, and pass them each time."""
    is_server = connection.dialect.name == "postgresql"
    connection.exec_driver_sql(f"{'TRUNCATE' if is_server else 'DELETE FROM'} zip_score_cache")


def _n_bytes(connection: Connection) -> int:
    """Size of the table with its index; in SQLite of the whole file, which nothing else fills."""
    if connection.dialect.name == "postgresql":
        size = "SELECT pg_total_relation_size('zip_score_cache')"
    else:
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return int(connection.exec_driver_sql(size).scalar_one())


def prepare_members(connection: Connection, n_members: int) -> None:
    """Put members into an empty database, and classifiers to score them."""
    state = {
        "stamp": b"",
        "read_under": b"",
        "state": ContainerState.READ,
        "revision": 1,
        "reason": "",
    }
    connection.execute(insert(ContainerRow), [{"id": 1, "address": "/a.zip", "fate": None} | state])
    told = {"container_id": 1, "parent": "/a.zip", "fate": "scored", "reason": ""}
    members = [
        {"id": i + 1, "entry": str(i), "file_path": _address(i), "file_name": f"{i}.png"} | told
        for i in range(n_members)
    ]
    connection.execute(insert(MemberRow), members)
    classifier_ids(connection, [f"classifier-{i}" for i in range(N_CLASSIFIERS)])


def _address(number: int) -> str:
    return f"/collections/photos/archive-{number // 1000}.zip!/folder/{number}.png"


def iter_score_rows(n_members: int) -> Iterator[Row]:
    """Yield a row for each member and classifier."""
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
