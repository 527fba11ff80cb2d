"""Score rows into SQLite: plain `sqlite3`, and ours. The rows are made beforehand.

SQLAlchemy is imported by ours alone: the other side does without it.
"""

import itertools
import marshal
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

Row = tuple[object, ...]

TRANSACTION_ROWS = 10_000
N_CLASSIFIERS = 3
PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL")
NO_INDEX = "DROP INDEX IF EXISTS ix_zip_score_cache_tag"
"""A run makes it once all rows are written."""
INSERT = "INSERT INTO zip_score_cache VALUES ({})"


def prepare(scored: str, empty: str, rescored: str, rows: str) -> None:
    """Make rows of a database that one classifier has scored.

    Parameters
    ----------
    scored : str
        Path of that database.
    empty : str
        Where a copy goes that knows three classifiers more and holds no row.
    rescored : str
        Where the rows of a second classifier go.
    rows : str
        Where those of three classifiers go.
    """
    with closing(sqlite3.connect(scored)) as database, closing(sqlite3.connect(empty)) as copy:
        database.backup(copy)
        found = database.execute("SELECT * FROM zip_score_cache ORDER BY member_id").fetchall()
        Path(rescored).write_bytes(marshal.dumps(list(_iter_rows(found, range(2, 3)))))
        ids = range(2, 2 + N_CLASSIFIERS)
        Path(rows).write_bytes(marshal.dumps(list(_iter_rows(found, ids))))
        copy.execute(NO_INDEX)
        copy.execute("DELETE FROM zip_score_cache")
        for classifier in ids:
            _add_classifier(copy, classifier)
        copy.commit()
        copy.execute("VACUUM")


def write_plainly(database: str, rows: str) -> float:
    """Seconds of `executemany`."""
    ready = _load(rows)
    with closing(_connected(database)) as connection:
        start = time.perf_counter()
        _insert(connection, ready)
        return time.perf_counter() - start


def write_ours(database: str, rows: str) -> float:
    """Seconds of the statement that a run uses."""
    from shared.database.engine import open_database
    from shared.database.scores import write_rows
    from shared.database.tables import ZipScoreCache

    ready = _load(rows)
    with open_database(Path(database), ZipScoreCache) as opened:
        start = time.perf_counter()
        for batch in _iter_batches(ready):
            opened.run(write_rows, ZipScoreCache, batch)
        return time.perf_counter() - start


def rescore_plainly(database: str, rows: str, vectors: str, newest: str) -> None:
    """Score all vectors by one matrix product and write one row for each."""
    numbers = np.load(newest)
    coef = numbers["coef"].astype(np.float32)
    decisions = np.load(vectors, mmap_mode="r") @ coef + numbers["intercept"]
    scores = 1 / (1 + np.exp(decisions))
    ready = _load(rows)
    with closing(_connected(database)) as connection:
        connection.execute(NO_INDEX)
        _add_classifier(connection, 2)
        place = _score_column(connection)
        _insert(connection, _iter_scored(ready, scores.tolist(), place))


def _iter_rows(found: Iterable[Row], classifiers: range) -> Iterator[Row]:
    for member, _, *facts in found:
        for classifier in classifiers:
            yield member, classifier, *facts


def _iter_scored(rows: Iterable[Row], scores: list[float], place: int) -> Iterator[Row]:
    for row, score in zip(rows, scores, strict=True):
        yield *row[:place], score, *row[place + 1 :]


def _score_column(connection: sqlite3.Connection) -> int:
    columns = connection.execute("PRAGMA table_info(zip_score_cache)").fetchall()
    return [name for _, name, *_ in columns].index("tag_score")


def _add_classifier(connection: sqlite3.Connection, number: int) -> None:
    values = (number, f"classifier {number}")
    connection.execute("INSERT INTO classifiers (id, model_name) VALUES (?, ?)", values)


def _connected(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _insert(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    for batch in _iter_batches(rows):
        marks = ", ".join("?" * len(batch[0]))
        connection.executemany(INSERT.format(marks), batch)
        connection.commit()


def _iter_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(itertools.islice(left, TRANSACTION_ROWS)):
        yield batch


def _load(path: str) -> list[Row]:
    loaded: list[Row] = marshal.loads(Path(path).read_bytes())
    return loaded
