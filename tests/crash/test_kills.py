"""Killed at any moment, several times in a row: the next run makes of it what was to be made."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.crash.conftest import Trial
from tests.crash.kills import Failure, iter_failures

N_KILLS_EACH = 26
SEEDS = (1, 2)
"""One for each of two cores."""
NAIVE = Path(__file__).with_name("naive.py")


def test_every_run_that_is_killed_is_completed_by_the_next(trial: Trial) -> None:
    def failures(seed: int) -> list[Failure]:
        return list(iter_failures(trial.scene, trial.reference, trial.pace, seed, N_KILLS_EACH))

    with ThreadPoolExecutor(len(SEEDS)) as threads:
        assert [one for found in threads.map(failures, SEEDS) for one in found] == []


def test_a_naive_variant_is_caught(trial: Trial) -> None:
    scene = replace(trial.scene, script=NAIVE)
    n_kills = N_KILLS_EACH * len(SEEDS)
    assert next(iter_failures(scene, trial.reference, trial.pace, seed=3, n_kills=n_kills), None)


def test_the_reference_is_complete_and_without_litter(trial: Trial) -> None:
    assert len(trial.reference.rows["scores"]) == 3 * 82
    assert [len(folder) for folder in trial.reference.results] == [3 * 82 + 3]
    assert trial.reference.litter == set()
