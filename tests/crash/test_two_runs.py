"""Two runs at once: in one output folder the second is refused, in two they do not meet."""

import subprocess
import time
from pathlib import Path

import pytest

from shared.results.files import HOLDER_FILE, held_folder
from tests.crash.endings import complaints
from tests.crash.scene import Scene
from tests.crash.standing import Standing, standing

pytestmark = pytest.mark.kill


def run(scene: Scene, output: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        scene.command(output), capture_output=True, text=True, check=False, timeout=60
    )


def test_the_second_is_told_at_once_who_holds_the_folder(scene: Scene) -> None:
    output = scene.output("held")
    output.mkdir()
    (output.parent / scene.world.metadata.name).write_text("{")  # it does not even look there
    with held_folder(output):
        done = run(scene, output)
        who = (output / HOLDER_FILE).read_text()
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {output}: in use by {who}.")
    assert done.stderr.count("\n") == 1


def test_the_first_is_not_disturbed_by_a_second(scene: Scene, reference: Standing) -> None:
    output = scene.output("first")
    first = scene.start(output)
    while not (output / HOLDER_FILE).exists():
        time.sleep(0.002)
    second = scene.start(output)
    _, said = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert first.returncode == 3
    assert second.returncode == 3 or "in use by process" in said
    assert standing(scene.database, output).differences(reference) == []


def test_runs_in_two_folders_do_not_meet(scene: Scene, reference: Standing) -> None:
    outputs = [scene.output("one"), scene.output("other")]
    runs = [scene.start(output) for output in outputs]
    for one in runs:
        one.communicate(timeout=60)
    assert [one.returncode for one in runs] == [3, 3]
    assert [standing(scene.database, o).differences(reference) for o in outputs] == [[], []]


def test_a_folder_whose_holder_was_killed_is_free(scene: Scene, reference: Standing) -> None:
    output = scene.output("killed")
    first = scene.start(output)
    while not (output / HOLDER_FILE).exists():
        time.sleep(0.002)
    first.kill()
    first.communicate()
    assert (output / HOLDER_FILE).exists()
    assert complaints(scene, output, reference) == []
