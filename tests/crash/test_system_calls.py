"""Killed at a system call, or refused one: the cause in one line, and the next run completes."""

import os

import pytest

from tests.crash.calls import STRACE, call_numbers
from tests.crash.faults import ERRORS, KILLED_AT, REFUSED, Numbers, after_kills, after_refusals
from tests.crash.kills import Trial

N_MOST = 1
"""Places of each call; `make crash` tries them all."""

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="no strace"),
]


@pytest.fixture(scope="module")
def numbers(trial: Trial) -> Numbers:
    return call_numbers(trial.scene, {*KILLED_AT, *REFUSED})


def test_killed_at_any_call_a_run_is_completed_by_the_next(trial: Trial, numbers: Numbers) -> None:
    assert after_kills(trial, numbers, N_MOST) == []


@pytest.mark.parametrize("trial", ["on_sqlite"], indirect=True)  # make crash: on both
@pytest.mark.parametrize("error", ERRORS)
def test_a_run_that_is_refused_a_call_says_so_and_is_completed_by_the_next(
    trial: Trial, numbers: Numbers, error: str
) -> None:
    assert after_refusals(trial, numbers, error, N_MOST) == []
