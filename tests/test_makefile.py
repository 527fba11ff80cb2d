"""`make` runs the stages in a row: past inputs that cannot be used, not past a run that failed."""

import subprocess
from pathlib import Path

import pytest

from tests.worlds import ROOT


@pytest.mark.parametrize("stage", ["stage1", "stage2", "stage3", "stage4"])
@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (3, True), (1, False), (2, False)])
def test_it_goes_on_past_what_cannot_be_used(
    tmp_path: Path, stage: str, code: int, goes_on: bool
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexit {code}\n")
    python.chmod(0o755)
    own = [f"{name}=own" for name in ("DATASET", "IMAGES", "ARCHIVES")]
    installed = ["--assume-old=.venv/installed", "VENV=.venv", f"PYTHON={python}"]
    done = subprocess.run(
        ["make", "-C", str(ROOT), *installed, *own, stage],
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) is goes_on


def test_the_stages_are_run_in_their_order() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "-C", str(ROOT), "--assume-old=.venv/installed", "run"],
        capture_output=True,
        text=True,
        check=True,
    )
    scripts = ("process_dataset.py", "train.py", "classify.py", "classify_zip.py")
    found = [done.stdout.index(f"/{name}") for name in scripts]
    assert found == sorted(found)
