"""The long form of the crash test: `python -m tests.crash 500` kills that many runs at any moment,
and fails the more of their system calls.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.calls import STRACE, call_numbers
from tests.crash.databases import DatabaseUnderTest, Postgresql, Sqlite
from tests.crash.faults import ERRORS, KILLED_AT, REFUSED, after_kills, after_refusals
from tests.crash.kills import Trial, iter_failures, undisturbed
from tests.crash.scene import SMALL, WIDE, Scene, write_collection
from tests.postgres import running_server

ROUND = 20
"""Kills under one seed."""
KILLS_A_PLACE = 50
"""For so many kills one more place of each system call is tried."""
N_THREADS = os.cpu_count() or 1


def main(n_kills: int) -> int:
    """Kill runs in one process and with workers, in turn; return how many were not completed."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        databases: tuple[DatabaseUnderTest, ...] = (Sqlite(), Postgresql(server))
        n_failures, n_places = 0, max(1, n_kills // KILLS_A_PLACE)
        for database in databases:
            here, by_workers = map(undisturbed, _scenes(Path(folder) / database.name, database))
            for trial in (here, by_workers):
                failures = _after_random_kills(trial, n_kills // len(databases) // 2)
                n_failures += _told(f"{database.name} {trial.scene.options} killed", failures)
            if STRACE:
                n_failures += _told(
                    f"{database.name} failed calls", _after_failed_calls(here, n_places)
                )
    return n_failures


def _scenes(folder: Path, database: DatabaseUnderTest) -> list[Scene]:
    small = write_collection(folder / "small", SMALL)
    wide = write_collection(folder / "wide", WIDE)
    return [
        Scene(small, database, ("--quiet", "--workers=1")),
        Scene(wide, database, ("--quiet", "--workers=2")),
    ]


def _after_random_kills(trial: Trial, n_kills: int) -> list[str]:
    def failures(seed: int) -> list[str]:
        n_left = n_kills - seed * ROUND
        return [str(one) for one in iter_failures(trial, seed, min(ROUND, n_left))]

    with ThreadPoolExecutor(N_THREADS) as threads:
        return [
            one for found in threads.map(failures, range(-(-n_kills // ROUND))) for one in found
        ]


def _after_failed_calls(trial: Trial, n_places: int) -> list[str]:
    numbers = call_numbers(trial.scene, {*KILLED_AT, *REFUSED})
    failures = after_kills(trial, numbers, n_places, N_THREADS)
    for error in ERRORS:
        failures += after_refusals(trial, numbers, error, n_places, N_THREADS)
    return failures


def _told(what: str, failures: list[str]) -> int:
    sys.stdout.write("".join(f"{failure}\n" for failure in failures))
    sys.stdout.write(f"{what}: {len(failures)} not completed\n")
    sys.stdout.flush()
    return len(failures)


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
