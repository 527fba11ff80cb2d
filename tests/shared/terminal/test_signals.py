"""Ctrl-C and SIGTERM end a run in time, with everything closed and one line."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from shared.terminal.signals import signal_behind
from tests.worlds import ROOT

pytestmark = pytest.mark.kill

BLOCK = """
import time
from shared.terminal.exits import exit_codes
with exit_codes():
    try:
        print("running", flush=True)
        {busy}
    finally:
        print("closing", flush=True)
        {closing}
        print("closed", flush=True)
"""
BUSY = {
    "waiting": "time.sleep(60)",
    "in Python": "while True: pass",
    "in the database": "import sqlite3; sqlite3.connect(':memory:').execute("
    "'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c')",
    "in a destructor": "type('D', (), {'__del__': lambda _: time.sleep(9)})()\n"
    "        time.sleep(60)",
    "in closing": "time.sleep(60)",
}
SIGNALS = [
    (signal.SIGINT, 130, "interrupted"),
    (signal.SIGTERM, 143, "terminated"),
    (signal.SIGHUP, 129, "hung up"),
]
LIMIT_SECONDS = 2


@pytest.fixture(autouse=True)
def nothing_is_ignored() -> Iterator[None]:
    """New processes ignore what this one does, and so what started the tests may have ignored."""
    before = {number: signal.getsignal(number) for number, _, _ in SIGNALS}
    for number in before:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def started(program: str) -> "subprocess.Popen[str]":
    """A program that is under way."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "running\n"
    return process


def run(busy: str, closing: str = "pass") -> "subprocess.Popen[str]":
    """A run that is busy with something, and has something to close."""
    return started(BLOCK.format(busy=busy, closing=closing))


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_a_run_that_is_ended_closes_everything(number: int, code: int, word: str) -> None:
    process = run(BUSY["waiting"])
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "closing\nclosed\n")
    assert err == f"{word}; the same command does what is left\n"


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_whatever_it_does_a_run_ends_in_time_with_one_line(
    busy: str, number: int, code: int, word: str
) -> None:
    process = run(BUSY[busy], "time.sleep(60)" if busy == "in closing" else "pass")
    time.sleep(0.2)  # it says that it runs before it is busy
    process.send_signal(number)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < LIMIT_SECONDS
    assert (process.returncode, err.split(";")[0], err.count("\n")) == (code, word, 1)


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_a_library_that_reports_what_it_met_adds_no_line(number: int, code: int, word: str) -> None:
    process = run(BUSY["waiting"], "import logging; logging.exception('met while closing')")
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (code, f"{word}; the same command does what is left\n")


@pytest.mark.parametrize("failure", ["1 / 0", "raise OSError(5, 'cut off')"])
@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_what_fails_because_it_was_cut_off_is_not_what_ended_the_run(
    number: int, code: int, word: str, failure: str
) -> None:
    process = run(BUSY["waiting"], failure)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (code, f"{word}; the same command does what is left\n")


def test_an_error_that_came_up_by_itself_has_no_signal_behind_it() -> None:
    error = OSError()
    error.__context__ = ZeroDivisionError()
    assert signal_behind(error) is None


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_keep_a_run_from_closing(second: int) -> None:
    process = run(BUSY["waiting"], "time.sleep(0.3)")
    process.terminate()
    assert process.stdout
    assert process.stdout.readline() == "closing\n"
    process.send_signal(second)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (143, "closed\n")


def test_a_signal_after_the_end_comes_too_late() -> None:
    process = started(
        "import time\nfrom shared.terminal.exits import exit_codes\n"
        "with exit_codes(): pass\n"
        "print('running', flush=True)\ntime.sleep(0.3)"
    )
    process.terminate()
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


def test_a_job_in_the_background_goes_on_when_another_is_interrupted() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as shells do; a new process inherits it
    process = run("time.sleep(0.3)")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize(("number", "code", "word"), SIGNALS)
def test_before_a_run_begins_a_signal_ends_it_with_its_line(
    number: int, code: int, word: str
) -> None:
    process = started(
        "import time\nfrom shared.terminal.signals import end_at_once_on_signals\n"
        "end_at_once_on_signals()\nprint('running', flush=True)\ntime.sleep(60)"
    )
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err.split(";")[0], err.count("\n")) == (code, word, 1)


def test_a_signal_before_a_run_begins_ends_it_without_a_stderr_too() -> None:
    process = started(
        "import os, sys, time\nfrom shared.terminal.signals import end_at_once_on_signals\n"
        "sys.stderr = None\nend_at_once_on_signals()\nprint('running', flush=True)\n"
        "time.sleep(60)"
    )
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 143
