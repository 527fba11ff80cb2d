"""Ctrl-C and SIGTERM: within two seconds, with their codes and one line, and nothing left over."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.results.files import HOLDER_FILE
from tests.crash.calls import STRACE, struck
from tests.crash.databases import Sqlite, connected
from tests.crash.endings import complaints
from tests.crash.kills import Trial
from tests.crash.scene import WIDE, Scene, write_collection
from tests.crash.standing import litter
from tests.worlds import png, zipped

pytestmark = pytest.mark.kill

SIGNALS = [(signal.SIGINT, 130, "INT"), (signal.SIGTERM, 143, "TERM")]
LIMIT_SECONDS = 2
N_RANDOM = 3
PHASES = {
    "survey": ("pwrite64", "1"),
    "placing": ("link", "1"),
    "naming": ("rename", "2"),  # the index of the metadata is named before
    "closing": ("unlink", "3"),  # of SQLite's files; a leftover index and a journal are before
}
"""The system call that tells that a phase has begun, and which of its kind it is."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A collection whose pictures take workers a while to decode."""
    world = write_collection(tmp_path_factory.mktemp("slow"), WIDE)
    large = png(60_000, (2000, 2000))
    world.know(large)
    other_files = {f"{i}.png": large + bytes([i]) for i in range(60)}  # of the same picture
    (world.zips / "a" / "0.zip").write_bytes(zipped(other_files))
    return Scene(world, Sqlite(), ("--quiet", "--workers=2"))


def ended(
    scene: Scene, output: Path, number: int, when: "Callable[[subprocess.Popen[str]], None]"
) -> tuple[int, str, float]:
    """Send a signal to a run; its code, its words and the seconds that it took to end."""
    run = scene.start(output)
    when(run)
    began = time.monotonic()
    run.send_signal(number)
    _, said = run.communicate(timeout=60)
    return run.returncode, said, time.monotonic() - began


def until(path: Path, more_seconds: float) -> "Callable[[subprocess.Popen[str]], None]":
    """Wait until something is there, and a little longer."""

    def wait(run: "subprocess.Popen[str]") -> None:
        while not path.exists() and run.poll() is None:
            time.sleep(0.002)
        time.sleep(more_seconds)

    return wait


def members_of_session(session: int) -> list[str]:
    """Processes that belong to a command, by what they are called."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, its_session = rest.split()[:4]
        if int(its_session) == session and state != "Z":
            found.append(name)
    return found


def assert_nothing_is_left(scene: Scene, output: Path) -> None:
    assert litter(output) == set()
    if scene.database.exists(output):
        with connected(scene.database, output) as connection:
            assert scene.database.damage(connection) == []


@pytest.mark.parametrize(("number", "code", "_"), SIGNALS)
def test_at_any_moment(trial: Trial, number: int, code: int, _: str) -> None:
    scene = trial.scene
    rng = random.Random(code)
    for _moment in range(N_RANDOM):
        output = scene.output("signalled")
        wait = until(output / HOLDER_FILE, rng.uniform(0, trial.pace.work))
        returned, said, seconds = ended(scene, output, number, wait)
        assert seconds < LIMIT_SECONDS
        assert (returned, said.count("\n")) in {(code, 1), (3, 0)}  # 3: it had finished by then
        assert_nothing_is_left(scene, output)
        assert complaints(scene, output, trial.reference) == []


@pytest.mark.parametrize(("number", "code", "_"), SIGNALS)
def test_before_it_holds_its_folder(scene: Scene, number: int, code: int, _: str) -> None:
    output = scene.output("early")
    returned, _said, seconds = ended(scene, output, number, lambda _: time.sleep(0.15))
    assert seconds < LIMIT_SECONDS
    assert returned in {code, -number}  # Python itself may not have been ready
    assert_nothing_is_left(scene, output)


@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is not installed")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("_", "code", "name"), SIGNALS)
def test_in_every_phase(scene: Scene, phase: str, _: int, code: int, name: str) -> None:
    output = scene.output(phase)
    call, when = PHASES[phase]
    done = struck(scene, output, call, f"signal={name}", when)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert_nothing_is_left(scene, output)


@pytest.mark.parametrize("after_seconds", [0.1, 0.2, 0.4, 1.0])
@pytest.mark.parametrize(("number", "code", "_"), SIGNALS)
def test_workers_end_with_their_command(
    slow: Scene, number: int, code: int, _: str, after_seconds: float
) -> None:
    output = slow.output("workers")
    run = slow.start(output)
    until(output / HOLDER_FILE, after_seconds)(run)
    began = time.monotonic()
    os.killpg(run.pid, number)  # as a terminal does: all of them get it
    _out, said = run.communicate(timeout=60)
    assert time.monotonic() - began < LIMIT_SECONDS
    assert (run.returncode, said.count("\n")) == (code, 1), said
    time.sleep(0.3)
    assert members_of_session(run.pid) == []
    assert_nothing_is_left(slow, output)


def test_workers_end_when_their_command_is_killed(slow: Scene) -> None:
    output = slow.output("killed")
    run = slow.start(output)
    until(output / HOLDER_FILE, 1.0)(run)
    run.kill()
    run.communicate(timeout=60)
    deadline = time.monotonic() + LIMIT_SECONDS
    while (left := members_of_session(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
