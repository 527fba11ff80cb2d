"""Our own faults end the run with 1 and the cause in one line; the next run completes."""

import os
import resource
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.endings import complaints
from tests.crash.scene import Scene
from tests.crash.standing import Standing, litter, standing
from tests.worlds import png, zipped

pytestmark = pytest.mark.kill

IS_ROOT = os.geteuid() == 0
KIBIBYTE = 1024


def run(
    scene: Scene,
    output: Path,
    prepare: Callable[[], None] | None = None,
    environment: dict[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        scene.command(output),
        preexec_fn=prepare,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def assert_failed(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert any(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize("limit_kib", [1, 40, 64, 100, 120, 160])
def test_files_that_may_not_grow(scene: Scene, reference: Standing, limit_kib: int) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kib * KIBIBYTE, limit_kib * KIBIBYTE))

    output = scene.output("limited")
    assert_failed(run(scene, output, limited), "File too large", "disk I/O error", "disk is full")
    assert {name for name in litter(output) if "sqlite" not in name} == set()
    assert complaints(scene, output, reference) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Give small disks."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(n_kib: int) -> Path:
        options = ["-t", "tmpfs", "-o", f"size={n_kib}k", "none", str(folder)]
        if not IS_ROOT or subprocess.run(["mount", *options], check=False).returncode:
            pytest.skip("a disk can be mounted by root alone, and where mounting is allowed")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


@pytest.mark.parametrize("n_kib", [24, 160, 320, 480])
def test_a_full_disk(
    scene: Scene, reference: Standing, disk: Callable[[int], Path], n_kib: int
) -> None:
    folder = disk(n_kib)
    shutil.copy(scene.world.metadata, folder)
    output = folder / "output"
    words = ("No space left", "disk is full", "disk I/O error", "and the disk has")
    assert_failed(run(scene, output), *words)
    assert {name for name in litter(output) if "sqlite" not in name} == set()
    subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    assert complaints(scene, output, reference) == []


def test_a_read_only_disk(scene: Scene, disk: Callable[[int], Path]) -> None:
    folder = disk(4096)
    shutil.copy(scene.world.metadata, folder)
    output = folder / "output"
    output.mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert_failed(run(scene, output), "Read-only file system")
    assert list(output.iterdir()) == []


def test_a_folder_without_permission(scene: Scene) -> None:
    output = scene.output("forbidden")
    output.mkdir(mode=0o555)
    if IS_ROOT:
        pytest.skip("root may write everywhere; the read-only disk stands for it")
    assert_failed(run(scene, output), "Permission denied")
    assert list(output.iterdir()) == []


def test_an_output_that_is_a_file(scene: Scene) -> None:
    output = scene.output("file")
    output.write_text("precious")
    assert_failed(run(scene, output), str(output))
    assert output.read_text() == "precious"


@pytest.mark.parametrize("name", ["zip_score_cache.sqlite", ".lock", ".lock-holder"])
def test_a_folder_in_place_of_a_file(scene: Scene, reference: Standing, name: str) -> None:
    output = scene.output("folder")
    (output / name).mkdir(parents=True)
    assert_failed(run(scene, output), str(output))
    (output / name).rmdir()
    assert complaints(scene, output, reference) == []


def test_a_file_in_place_of_a_folder_that_was_left(scene: Scene, reference: Standing) -> None:
    output = scene.output("left")
    output.mkdir()
    (output / ".unfinished_tagging_output_2020_1_1_0_0").write_text("no folder")
    assert complaints(scene, output, reference) == []


def test_a_full_temporary_folder_is_no_fault_of_an_archive(
    scene: Scene, disk: Callable[[int], Path]
) -> None:
    large = zipped({"noise.bin": os.urandom(6 * 2**20), "1.png": png(1)})
    path = scene.world.zips / "f" / "spooled.zip"
    path.parent.mkdir()
    path.write_bytes(zipped({"in.zip": large}, zipfile.ZIP_DEFLATED))
    try:
        output = scene.output("spool")
        done = run(scene, output, environment={"TMPDIR": str(disk(1024))})
        assert_failed(done, "temporary folder")
        assert litter(output) == set()
        assert run(scene, output).returncode == 3
        assert len(standing(scene.database, output).rows["scores"]) == 3 * 83
    finally:
        shutil.rmtree(path.parent)
