"""However a run ends, its exit code and one line say so; only a bug shows a traceback."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.terminal.exits import exit_codes

ROOT = Path(__file__).parents[3]
SLOW = """
import time
from shared.terminal.exits import exit_codes
with exit_codes():
    try:
        print("running", flush=True)
        time.sleep(60)
    finally:
        print("closing", flush=True)
        time.sleep({closing})
        print("closed", flush=True)
"""


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def started(closing: float) -> "subprocess.Popen[str]":
    """A run that is under way."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(closing=closing)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "running\n"
    return process


def test_a_run_that_ends_well_has_no_exit_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with exit_codes():
        pass
    assert capsys.readouterr() == ("", "")


def test_a_failed_run_is_1_and_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise RunError("a.json", "is empty", "Run stage 1.")
    assert caught.value.code == 1
    assert capsys.readouterr() == ("", "error: a.json: is empty. Run stage 1.\n")


def test_a_failed_run_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), exit_codes():
        raise RunError("a\n\x1b[2J.json", "is\r\nempty")
    assert capsys.readouterr().err.removesuffix("\n").isprintable()


def test_an_interrupted_run_is_130_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise KeyboardInterrupt
    assert caught.value.code == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError


def test_an_exit_code_passes_through() -> None:
    with pytest.raises(SystemExit) as caught, exit_codes():
        sys.exit(3)
    assert caught.value.code == 3


def test_a_terminated_run_closes_everything_and_is_143() -> None:
    process = started(closing=0)
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (143, "closing\nclosed\n")
    assert err.startswith("terminated")
    assert err.count("\n") == 1


def test_a_run_that_is_terminated_twice_ends_at_once() -> None:
    process = started(closing=60)
    process.terminate()
    assert process.stdout
    assert process.stdout.readline() == "closing\n"
    process.terminate()
    assert process.wait(timeout=10) == -signal.SIGTERM
    process.communicate()
