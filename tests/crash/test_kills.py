"""Killed at any moment, several times in a row: the next run makes of it what was to be made."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.results.folder import STORE_FOLDER
from tests.crash.kills import Trial, iter_failures

N_KILLS = 10
"""`make crash` kills more."""
N_NAIVE_KILLS = 50
NAIVE = Path(__file__).with_name("naive.py")

pytestmark = pytest.mark.kill


def test_every_run_that_is_killed_is_completed_by_the_next(trial: Trial) -> None:
    assert list(iter_failures(trial, seed=1, n_kills=N_KILLS)) == []


def test_so_is_every_one_that_makes_thumbnails(on_sqlite: Trial) -> None:
    scene = replace(on_sqlite.scene, options=(*on_sqlite.scene.options, "--thumbnails"))
    assert list(iter_failures(replace(on_sqlite, scene=scene), seed=5, n_kills=5)) == []


def test_a_naive_variant_is_caught(trial: Trial) -> None:
    naive = replace(trial, scene=replace(trial.scene, script=NAIVE))
    assert next(iter_failures(naive, seed=3, n_kills=N_NAIVE_KILLS), None)


def test_the_reference_is_complete_and_without_litter(trial: Trial) -> None:
    assert len(trial.reference.rows["scores"]) == 3 * 82
    [folder] = trial.reference.results
    placed = [name for name in folder if not name.startswith(f"{STORE_FOLDER}/")]
    assert sum(not name.endswith((".html", ".css")) for name in placed) == 3 * 82 + 6
    assert trial.reference.litter == set()
