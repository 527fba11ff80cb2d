"""A member that takes down its reader costs itself; the rest is scored, in this run or the next."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import Fate
from tests.crash.databases import Sqlite, connected, rows
from tests.crash.scene import SMALL, WIDE, Scene, Size, write_collection
from tests.worlds import ROOT, png

pytestmark = pytest.mark.kill

DEADLY = ROOT / "tests" / "crash" / "deadly.py"


def scene_of(folder: Path, size: Size, ending: bytes, n_workers: int) -> Scene:
    """A collection with one more archive, one of whose pictures ends its reader."""
    world = write_collection(folder / "world", size)
    members = {f"{i}.png": png(50_000 + i) for i in range(5)}
    world.archive("b/bad.zip", members | {"3.png": png(50_003) + ending})
    options = ("--quiet", f"--workers={n_workers}", "--results=none")
    return Scene(world, Sqlite(), options, DEADLY)


def run(scene: Scene, output: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        scene.command(output), capture_output=True, text=True, check=False, timeout=120
    )


def assert_one_member_crashed(scene: Scene, output: Path, size: Size) -> None:
    with connected(scene.database, output) as connection:
        found = rows(connection)
    fates = Counter(row[5] for row in found["members"])
    assert [row[2] for row in found["members"] if row[5] == Fate.CRASHED] == [
        f"{scene.world.zips}/b/bad.zip!/3.png"
    ]
    assert fates[Fate.SCORED] == size.n_large + 42 + 4
    assert len(found["scores"]) == fates[Fate.SCORED] * size.n_tags


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("ending", [b"deadly", b"hungry"])
def test_in_a_worker_it_costs_itself_alone(tmp_path: Path, ending: bytes, size: Size) -> None:
    scene = scene_of(tmp_path, size, ending, n_workers=2)
    output = scene.output("output")
    done = run(scene, output)
    assert (done.returncode, done.stderr) == (3, "")
    assert_one_member_crashed(scene, output, size)


def test_out_of_memory_in_this_process_it_costs_itself_alone(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, SMALL, b"hungry", n_workers=1)
    output = scene.output("output")
    done = run(scene, output)
    assert (done.returncode, done.stderr) == (3, "")
    assert_one_member_crashed(scene, output, SMALL)


@pytest.mark.parametrize("options", [(), ("--rescan",), ("--max_megapixels=49",)])
def test_what_a_run_died_of_costs_itself_in_the_next(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    scene = scene_of(tmp_path, SMALL, b"deadly", n_workers=1)
    output = scene.output("output")
    assert run(scene, output).returncode == -signal.SIGKILL
    failed = run(replace(scene, options=(*scene.options, "--model=/nowhere")), output)
    assert failed.returncode == 1  # one in between that does not come to it makes no difference
    done = run(replace(scene, options=(*scene.options, *options)), output)
    assert (done.returncode, done.stderr) == (3, "")
    assert_one_member_crashed(scene, output, SMALL)


def test_workers_that_strangers_kill_cost_nothing(tmp_path: Path) -> None:
    scene = replace(scene_of(tmp_path, WIDE, b"", n_workers=2), options=("--quiet", "--workers=2"))
    output = scene.output("output")
    process = scene.start(output)
    rng = random.Random(1)
    killed: set[int] = set()
    while len(killed) < 3 and process.poll() is None:
        time.sleep(rng.uniform(0.02, 0.2) if workers_of(process.pid) else 0.002)
        for worker in {*workers_of(process.pid)[:1]} - killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
    assert killed
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (3, "")
    with connected(scene.database, output) as connection:
        fates = Counter(row[5] for row in rows(connection)["members"])
    assert fates[Fate.SCORED] == WIDE.n_large + 42 + 5
    assert fates[Fate.CRASHED] == 0


def workers_of(parent: int) -> list[int]:
    """Processes of a command that read for it."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"popen_loky" in _command_line(pid)]


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
