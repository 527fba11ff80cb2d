"""Runs that are killed at a system call, or refused one, each brought to its end by the next."""

import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.crash.calls import struck
from tests.crash.endings import complaints
from tests.crash.kills import Trial
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
ERRORS = ("ENOSPC", "EIO")
LEFT_BY_THE_DATABASE = {"zip_score_cache.sqlite-wal", "zip_score_cache.sqlite-shm"}
"""What it needs to recover, where it could not write on to the end."""

Numbers = dict[str, range]


def after_kills(trial: Trial, numbers: Numbers, n_most: int, n_threads: int = 1) -> list[str]:
    """Kill runs at so many places of each call at most; tell what is not as it has to be."""

    def tried(call: str, number: int) -> list[str]:
        output = trial.scene.output("killed")
        done = struck(trial.scene, output, call, "signal=KILL", str(number))
        survived = [] if done.returncode == -signal.SIGKILL else [f"ended with {done.returncode}"]
        return survived + complaints(trial.scene, output, trial.reference)

    return _all_told(_chosen(numbers, KILLED_AT, n_most), tried, n_threads)


def after_refusals(
    trial: Trial, numbers: Numbers, error: str, n_most: int, n_threads: int = 1
) -> list[str]:
    """Refuse runs a call from some place on; tell where one does not say so in a line."""

    def tried(call: str, number: int) -> list[str]:
        output = trial.scene.output("refused")
        done = struck(trial.scene, output, call, f"error={error}", f"{number}+")
        told = done.returncode == 1 and done.stderr.count("\n") == 1
        if call == "rename" and number == numbers[call][-1]:
            told = done.returncode == 3  # the link `latest` is left out in silence
        said = [] if told else [f"{done.returncode} {done.stderr}"]
        left = sorted(litter(output) - LEFT_BY_THE_DATABASE)
        return said + left + complaints(trial.scene, output, trial.reference)

    return _all_told(_chosen(numbers, REFUSED, n_most), tried, n_threads)


def _chosen(numbers: Numbers, wanted: dict[str, int], n_most: int) -> Iterator[tuple[str, int]]:
    """Choose numbers of calls that an undisturbed run makes; of many the first are the few."""
    rng = random.Random(5)
    for call, n_places in wanted.items():
        places = rng.sample(numbers[call], min(n_places, len(numbers[call])))
        yield from ((call, number) for number in places[:n_most])


def _all_told(
    places: Iterator[tuple[str, int]], tried: Callable[[str, int], list[str]], n_threads: int
) -> list[str]:
    with ThreadPoolExecutor(n_threads) as threads:
        told = threads.map(lambda place: (place, tried(*place)), places)
        return [f"{call} {number}: {what}" for (call, number), what in told if what]
