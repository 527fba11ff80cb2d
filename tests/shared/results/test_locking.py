import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import RunError
from shared.results.locking import HOLDER_FILE, held_folder
from tests.worlds import ROOT

HOLD = "import sys; from pathlib import Path; from shared.results.locking import held_folder\n"


def test_a_held_folder_is_refused_with_its_holder(tmp_path: Path) -> None:
    with held_folder(tmp_path), pytest.raises(RunError) as caught, held_folder(tmp_path):
        pass
    assert f"in use by process {os.getpid()} on " in caught.value.found


def test_a_folder_is_free_again_after_the_block(tmp_path: Path) -> None:
    with held_folder(tmp_path):
        pass
    with held_folder(tmp_path):
        assert (tmp_path / HOLDER_FILE).exists()


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), held_folder(tmp_path):
        raise KeyError
    assert not (tmp_path / HOLDER_FILE).exists()


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
