"""The long form of the crash test: `python -m tests.crash 500` kills that many runs."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.databases import DatabaseUnderTest, Postgresql, Sqlite
from tests.crash.kills import iter_failures, undisturbed
from tests.crash.scene import SMALL, WIDE, Scene, write_collection
from tests.postgres import running_server

ROUND = 20
"""Kills under one seed."""


def main(n_kills: int) -> int:
    """Kill runs in one process and with workers, in turn; return how many were not completed."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        databases: tuple[DatabaseUnderTest, ...] = (Sqlite(), Postgresql(server))
        return sum(
            _tried(scene, n_kills // len(databases) // 2)
            for database in databases
            for scene in _scenes(Path(folder) / database.name, database)
        )


def _scenes(folder: Path, database: DatabaseUnderTest) -> list[Scene]:
    small = write_collection(folder / "small", SMALL)
    wide = write_collection(folder / "wide", WIDE)
    return [
        Scene(small, database, ("--quiet", "--workers=1")),
        Scene(wide, database, ("--quiet", "--workers=2")),
    ]


def _tried(scene: Scene, n_kills: int) -> int:
    reference, pace = undisturbed(scene)
    n_failures = 0

    def run(seed: int) -> None:
        nonlocal n_failures
        for failure in iter_failures(scene, reference, pace, seed, min(ROUND, n_kills)):
            n_failures += 1
            sys.stdout.write(f"{failure}\n")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(-(-n_kills // ROUND))))
    sys.stdout.write(
        f"{scene.database.name} {scene.options}: {n_failures} of {n_kills} not completed\n"
    )
    return n_failures


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
