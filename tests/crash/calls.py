"""Runs under strace, which kills them or has the nth of a system call fail."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from shared.results.files import LOCK_FILE
from tests.crash.endings import LONGEST_SECONDS
from tests.crash.scene import Scene

STRACE = shutil.which("strace")
KILL = "signal=KILL"
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)")


def traced(
    scene: Scene, output: Path, *what: str, log: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run under strace; it ends as its command does, and by the same signal."""
    strace = [str(STRACE), "-f", "-qq", "-o", str(log or "/dev/null")]
    return subprocess.run(
        [*strace, *what, *scene.command(output)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )


def struck(
    scene: Scene, output: Path, call: str, fault: str, when: str
) -> "subprocess.CompletedProcess[str]":
    """Run with a fault at a call: ``when`` is ``7`` for the seventh alone, ``7+`` from it on."""
    return traced(scene, output, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}")


def call_numbers(scene: Scene, calls: set[str]) -> dict[str, range]:
    """Count each call of an undisturbed run's main thread, from when it holds its folder."""
    output = scene.output("calls")
    log = output.parent / "log"
    done = traced(scene, output, "-e", f"trace=openat,{','.join(calls)}", log=log)
    assert done.returncode == 3, done
    before: Counter[str] = Counter()
    total: Counter[str] = Counter()
    main = None
    for line in log.read_text(errors="replace").splitlines():
        found = _CALL.match(line)
        if not found:
            continue
        main = main or found[1]
        if found[1] == main:
            if f'/{LOCK_FILE}"' in found[3] and not before:
                before = total.copy()
            total[found[2]] += 1
    return {call: range(before[call] + 1, total[call] + 1) for call in sorted(calls)}
