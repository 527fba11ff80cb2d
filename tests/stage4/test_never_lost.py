"""Runs that are killed, stopped or out of room, and what the next run makes of what they left."""

import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worlds import ROOT, World, png, zipped

N_ROUNDS = 12
KILLS_PER_ROUND = range(4, 7)
PATIENCE_SECONDS = 2.0
ALLOWED_LEFT = {".lock"}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A few hundred pictures, nested and not, and the run of them that nobody disturbed."""
    world = World(tmp_path_factory.mktemp("never-lost"))
    for seed, tag in enumerate(("cat", "dog", "owl")):
        world.train(tag, seed)
    for number in range(6):
        pictures = {f"{i % 7}/{i}.png": png(100 * number + i) for i in range(60)}
        inner = {f"{i}.png": png(1000 + 20 * number + i) for i in range(20)}
        world.archive(f"{number}.zip", pictures | {"more.zip": zipped(inner), "bad.png": b"bad"})
        world.know(*inner.values())
    return world


@pytest.fixture(scope="module")
def undisturbed(collection: World) -> tuple[object, ...]:
    assert _finish(collection, collection.folder / "undisturbed") == 3
    return _state(collection, collection.folder / "undisturbed")


def _start(
    world: World, output: Path, prepare: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            ROOT / "stage4" / "classify_zip.py",
            f"--directory={world.zips}",
            f"--metadata_json={world.metadata}",
            f"--model={world.models}",
            f"--output={output}",
            "--workers=1",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,  # noqa: PLW1509 - no thread runs in a test that waits for this
    )


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would not


def _finish(world: World, output: Path) -> int:
    process = _start(world, output)
    process.communicate()
    return process.returncode


def _state(world: World, output: Path) -> tuple[object, ...]:
    """Rows without ids, and the files of the one results folder that is whole."""
    with sqlite3.connect(output / "zip_score_cache.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        scores = database.execute("SELECT file_path, model_name, tag_score FROM zip_score_cache")
        members = database.execute("SELECT file_path, fate, reason FROM members")
        rows = (sorted(scores.fetchall()), sorted(members.fetchall()))
    newest = max(output.glob("tagging_output_*"), key=lambda path: path.stat().st_mtime_ns)
    return (*rows, world.tree(newest), (newest / "output.json").read_bytes())


def _await_members(output: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with sqlite3.connect(output / "zip_score_cache.sqlite") as database:
                if database.execute("SELECT count(*) FROM members").fetchone()[0]:
                    return
        except sqlite3.OperationalError:
            pass  # the run has not made it yet
        time.sleep(0.01)


@pytest.mark.parametrize("seed", range(N_ROUNDS))
def test_a_run_that_was_killed_over_and_over_ends_like_one_that_was_not(
    seed: int, collection: World, undisturbed: tuple[object, ...], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    for _ in range(chance.choice(KILLS_PER_ROUND)):
        process = _start(collection, tmp_path)
        time.sleep(chance.uniform(0.2, 1.6))
        process.kill()
        process.communicate()
    assert _finish(collection, tmp_path) == 3
    assert _state(collection, tmp_path) == undisturbed
    assert {path.name for path in tmp_path.glob(".*")} <= ALLOWED_LEFT


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_at_once_and_the_next_goes_on(
    number: signal.Signals,
    code: int,
    collection: World,
    undisturbed: tuple[object, ...],
    tmp_path: Path,
) -> None:
    process = _start(collection, tmp_path, _heed_interrupts)
    _await_members(tmp_path)
    start = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate()
    assert time.monotonic() - start < PATIENCE_SECONDS
    assert process.returncode == code
    assert said.count("\n") == 1
    assert {path.name for path in tmp_path.glob(".*")} <= ALLOWED_LEFT
    assert _finish(collection, tmp_path) == 3
    assert _state(collection, tmp_path) == undisturbed


@pytest.mark.parametrize("n_bytes", [0, 4_096, 65_536, 200_000])
def test_a_full_disk_ends_a_run_with_its_cause_and_the_next_completes(
    n_bytes: int, collection: World, undisturbed: tuple[object, ...], tmp_path: Path
) -> None:
    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    process = _start(collection, tmp_path, allow_little)
    _, said = process.communicate()
    assert process.returncode == 1
    assert (said.startswith("error: "), said.count("\n")) == (True, 1)
    assert not list(tmp_path.glob("tagging_output_*"))
    assert _finish(collection, tmp_path) == 3
    assert _state(collection, tmp_path) == undisturbed


def test_a_second_run_learns_who_holds_the_folder(collection: World, tmp_path: Path) -> None:
    first = _start(collection, tmp_path)
    _await_members(tmp_path)
    second = _start(collection, tmp_path)
    _, said = second.communicate()
    first.communicate()
    if first.returncode == 3 and second.returncode == 3:
        return  # the first had finished by then
    assert (second.returncode, f"in use by process {first.pid} on " in said) == (1, True)
