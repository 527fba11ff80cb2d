"""Runs that are killed at random moments, again and again, each brought to its end in between."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.results.files import HOLDER_FILE
from tests.crash.endings import LONGEST_SECONDS, complaints
from tests.crash.scene import Scene
from tests.crash.standing import Standing, standing

KILLS_IN_A_ROW = 5
"""So often is a run killed before the next one gets a fresh output folder."""
AT_START = 0.15
"""How many of the kills come before the run holds its folder."""


@dataclass(frozen=True)
class Pace:
    """How long an undisturbed run takes, in seconds, until it holds its folder and from then on."""

    start: float
    work: float


@dataclass(frozen=True)
class Trial:
    """A scene with the end that all runs have to reach, and how long one takes."""

    scene: Scene
    reference: Standing
    pace: Pace


@dataclass(frozen=True)
class Failure:
    """A kill after which something was not as it has to be."""

    seed: int
    n_kill: int
    what: list[str]


def undisturbed(scene: Scene) -> Trial:
    """Run once from beginning to end: the reference for all others."""
    output = scene.output("reference")
    began = time.monotonic()
    run = scene.start(output)
    _wait_until_held(output, run.poll)
    held = time.monotonic()
    said = run.communicate(timeout=LONGEST_SECONDS)
    assert run.returncode == 3, said
    pace = Pace(held - began, time.monotonic() - held)
    return Trial(scene, standing(scene.database, output), pace)


def iter_failures(trial: Trial, seed: int, n_kills: int) -> Iterator[Failure]:
    """Kill runs, each with what the last has left; tell where the next one's end is not right."""
    rng = random.Random(seed)
    n_kill = 0
    while n_kill < n_kills:
        output = trial.scene.output(f"{seed}-from-{n_kill}")
        until = min(n_kill + KILLS_IN_A_ROW, n_kills)
        while n_kill < until and _killed(trial, output, rng):
            copy = trial.scene.kept(output)
            what = complaints(trial.scene, output, trial.reference)
            trial.scene.put_back(copy, output)
            if what:
                yield Failure(seed, n_kill, what)
            n_kill += 1


def _killed(trial: Trial, output: Path, rng: random.Random) -> bool:
    """Start a run and kill it at a random moment; False where it had ended by then."""
    (output / HOLDER_FILE).unlink(missing_ok=True)
    run = trial.scene.start(output)
    if rng.random() < AT_START:
        time.sleep(rng.uniform(0, trial.pace.start))
    else:
        _wait_until_held(output, run.poll)
        time.sleep(rng.uniform(0, trial.pace.work))
    run.kill()
    run.communicate()
    return run.returncode == -signal.SIGKILL


def _wait_until_held(output: Path, poll: Callable[[], int | None]) -> None:
    while not (output / HOLDER_FILE).exists() and poll() is None:
        time.sleep(0.002)
