"""All scores of a database into Parquet: rows a second, seconds of all cores, peak of memory.

python -m tests.bench.exporting [--rows 10000000] [--rounds 3]
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.batching import iter_batches
from shared.database.engine import open_database
from shared.database.scores import index_scores, write_rows
from shared.database.tables import ZipScoreCache
from tests.bench.measuring import Cost, call, cost_of, warm
from tests.bench.storing import N_CLASSIFIERS, TRANSACTION_ROWS, iter_score_rows, prepare_members
from tests.worlds import ROOT


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.bench.exporting", description="Export rows.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def write_database(path: str, n_rows: str) -> None:
    """Write a database as stage 4 leaves it."""
    n_members = int(n_rows) // N_CLASSIFIERS
    with open_database(Path(path), ZipScoreCache) as database:
        database.run(prepare_members, n_members)
        for rows in iter_batches(iter_score_rows(n_members), TRANSACTION_ROWS):
            database.run(write_rows, ZipScoreCache, rows)
        database.run(index_scores, ZipScoreCache)


def iter_exports(folder: Path, n_rows: int, n_rounds: int) -> Iterator[Cost]:
    """Export all scores, each time by a process of its own; yield what each took."""
    path = folder / "zip_score_cache.sqlite"
    cost_of(call("exporting:write_database", path, n_rows))  # its memory counts for what it starts
    command = [sys.executable, str(ROOT / "stage4" / "export.py"), f"--output={folder}"]
    target = f"--target={folder / 'scores.parquet'}"
    for _ in range(n_rounds):
        warm(path)
        yield cost_of([*command, target, "--what=scores", "--overwrite"])


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as made:
        for cost in iter_exports(Path(made), given.rows, given.rounds):
            print(  # noqa: T201
                f"{cost.stdout.split(' in ')[0]}: {given.rows / cost.seconds:,.0f} a second, "
                f"{given.rows / cost.cpu_seconds:,.0f} a second of one core, "
                f"{cost.peak_bytes >> 20} MiB"
            )
