"""Killed at a system call, or refused one: the cause in one line, and the next run completes."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crash.calls import STRACE, call_numbers, struck
from tests.crash.conftest import Trial
from tests.crash.endings import complaints
from tests.crash.standing import litter

KILLED_AT = {
    "rename": 1,
    "fsync": 1,
    "fdatasync": 2,
    "syncfs": 1,
    "pwrite64": 6,
    "unlink": 2,
    "unlinkat": 2,
    "openat": 4,
    "link": 3,
    "mkdir": 2,
    "write": 2,
    "sendto": 6,
}
REFUSED = {
    "rename": 1,
    "fsync": 1,
    "syncfs": 1,
    "fdatasync": 2,
    "pwrite64": 2,
    "link": 1,
    "mkdir": 1,
    "flock": 1,
}
"""How often each is tried, at places chosen by chance, if a run makes it at all."""
LEFT_BY_THE_DATABASE = {"zip_score_cache.sqlite-wal", "zip_score_cache.sqlite-shm"}
"""What it needs to recover, where it could not write on to the end."""

pytestmark = pytest.mark.skipif(
    STRACE is None and not os.environ.get("CI"), reason="strace is not installed"
)


@pytest.fixture(scope="module")
def numbers(trial: Trial) -> dict[str, range]:
    return call_numbers(trial.scene, {*KILLED_AT, *REFUSED})


def chosen(numbers: dict[str, range], wanted: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Choose numbers of calls that an undisturbed run makes."""
    rng = random.Random(5)
    for call, n_places in wanted.items():
        for number in rng.sample(numbers[call], min(n_places, len(numbers[call]))):
            yield call, number


def all_told(
    places: Iterator[tuple[str, int]], tried: Callable[[str, int], list[str]]
) -> list[str]:
    """Try all places, two at a time, and say what was wrong."""
    with ThreadPoolExecutor(2) as threads:
        told = threads.map(lambda place: (place, tried(*place)), places)
        return [f"{call} {number}: {what}" for (call, number), what in told if what]


def test_killed_at_any_call_a_run_is_completed_by_the_next(
    trial: Trial, numbers: dict[str, range]
) -> None:
    def tried(call: str, number: int) -> list[str]:
        output = trial.scene.output("killed")
        done = struck(trial.scene, output, call, "signal=KILL", str(number))
        survived = [] if done.returncode == -signal.SIGKILL else [f"ended with {done.returncode}"]
        return survived + complaints(trial.scene, output, trial.reference)

    assert all_told(chosen(numbers, KILLED_AT), tried) == []


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_run_that_is_refused_a_call_says_so_and_is_completed_by_the_next(
    trial: Trial, numbers: dict[str, range], error: str
) -> None:
    def tried(call: str, number: int) -> list[str]:
        output = trial.scene.output("refused")
        done = struck(trial.scene, output, call, f"error={error}", f"{number}+")
        told = done.returncode == 1 and done.stderr.count("\n") == 1
        said = [] if told else [f"{done.returncode} {done.stderr}"]
        left = sorted(litter(output) - LEFT_BY_THE_DATABASE)
        return said + left + complaints(trial.scene, output, trial.reference)

    assert all_told(chosen(numbers, REFUSED), tried) == []
