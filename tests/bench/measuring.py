"""What a whole process costs, and the ratios of such costs. Nothing is printed here.

This module and all that the bench itself imports stay small: Linux counts the memory of the
process that starts another one as that one's peak.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
"""Users' Python keeps the modules that it has compiled."""
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process cost.

    ``cpu_seconds`` are its own and those of the processes that it started; ``peak_bytes`` is the
    most that one of them held in memory at once. ``stdout`` is what it said.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    stdout: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeats of one figure."""

    median: float
    least: float
    most: float


def spread(figures: Sequence[float]) -> Spread:
    """Median and range of one or more repeats."""
    return Spread(statistics.median(figures), min(figures), max(figures))


def call(function: str, *arguments: Path | int | str) -> list[str]:
    """Command that calls ``module:function`` of this package in a process of its own.

    The arguments arrive as texts; what the function returns is what the process says, in JSON.
    """
    return [sys.executable, "-m", "tests.bench.call", function, *map(str, arguments)]


def warm(*places: Path) -> None:
    """Read files and what lies in folders, so that what is measured has not to wait for the disk.

    A machine that is short of memory, or a virtual one whose host is, forgets what was read long
    ago; so this comes right before.
    """
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            with path.open("rb") as file:
                while file.read(2**16):
                    pass


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command in the project's folder to its end.

    Raises
    ------
    ChildProcessError
        Where it ends with another exit code than 0; the message holds what it complained of.
    """
    os.sync()  # what was written before must not be paid for by this one
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        start = time.perf_counter()
        with subprocess.Popen(
            command, stdout=said, stderr=complained, cwd=ROOT, env=ENVIRONMENT
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            found = complained.read().decode(errors="replace")[-2000:]
            raise ChildProcessError(f"{' '.join(command)} ended with {process.returncode}: {found}")
        return Cost(
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * RSS_UNIT_BYTES,
            said.read().decode(),
        )
