import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.results.files import HOLDER_FILE, LOCK_FILE, held_folder
from tests.worlds import ROOT

HOLD = "import sys; from pathlib import Path; from shared.results.files import held_folder\n"


def test_a_held_folder_is_refused_with_its_holder(tmp_path: Path) -> None:
    with held_folder(tmp_path), pytest.raises(RunError) as caught, held_folder(tmp_path):
        pass
    assert f"in use by process {os.getpid()} on " in caught.value.found


def test_a_folder_is_free_again_after_the_block(tmp_path: Path) -> None:
    with held_folder(tmp_path):
        pass
    with held_folder(tmp_path):
        assert (tmp_path / HOLDER_FILE).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), held_folder(tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_though_the_lock_file_comes_and_goes_only_one_at_a_time_holds_the_folder(
    tmp_path: Path,
) -> None:
    def come_and_go(_: int) -> int:
        n_held = 0
        for _ in range(200):
            with suppress(RunError), held_folder(tmp_path):
                (tmp_path / "inside").touch(exist_ok=False)
                n_held += 1
                (tmp_path / "inside").unlink()
        return n_held

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(come_and_go, range(4))) > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [LOCK_FILE, HOLDER_FILE])
@pytest.mark.parametrize("exists", [True, False])
def test_a_planted_link_leads_nowhere(tmp_path: Path, name: str, exists: bool) -> None:
    output, target = tmp_path / "output", tmp_path / "target"
    output.mkdir()
    if exists:
        target.write_bytes(b"precious")
    (output / name).symlink_to(target)
    with suppress(RunError), held_folder(output):
        assert not (output / HOLDER_FILE).is_symlink()
    assert [path.read_bytes() for path in tmp_path.glob("target")] == [b"precious"] * exists


def test_who_is_refused_for_a_planted_link_learns_of_it(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is a link, which") as caught, held_folder(tmp_path):
        pass
    assert caught.value.remedy == "Remove it, or choose another output folder."


@pytest.mark.parametrize(
    "plant",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_bytes(b"x" * 2000),
        Path.mkdir,
    ],
    ids=["pipe", "endless", "no text", "long", "folder"],
)
def test_who_is_refused_reads_no_more_than_a_note(
    tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    with held_folder(tmp_path):
        (tmp_path / HOLDER_FILE).unlink()
        plant(tmp_path / HOLDER_FILE)
        with pytest.raises(RunError, match="in use by"), held_folder(tmp_path):
            pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    code = HOLD + "import os, signal\nwith held_folder(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert (tmp_path / HOLDER_FILE).exists()
    with held_folder(tmp_path):
        pass


def test_another_process_is_refused(tmp_path: Path) -> None:
    code = HOLD + "with held_folder(Path(sys.argv[1])): pass"
    with held_folder(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
    assert "in use by process" in done.stderr


def test_a_missing_folder_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError), held_folder(tmp_path / "file"):
        pass


def test_a_holder_that_cannot_say_who_it_is_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / HOLDER_FILE).mkdir()
    with pytest.raises(RunError), held_folder(tmp_path):
        pass
    (tmp_path / HOLDER_FILE).rmdir()
    with held_folder(tmp_path):
        pass
