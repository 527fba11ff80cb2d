"""`make` runs the stages in a row: past inputs that cannot be used, not past a run that failed."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.worlds import ROOT

RUNS = {
    "stage1/process_dataset.py",
    "stage2/train.py",
    "stage3/classify.py",
    "stage4/classify_zip.py",
}
SAMPLE = "stage1/write_sample.py"
_VARIABLES = set(re.findall(r"^(\w+) +\??=", (ROOT / "Makefile").read_text(), re.MULTILINE))
ALONE = {
    name: value
    for name, value in os.environ.items()
    if name not in _VARIABLES and not name.startswith(("MAKE", "MFLAGS"))
}
"""The environment without what the make is told that these tests are perhaps run by."""


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT), *words],
        capture_output=True,
        text=True,
        check=False,
        env=ALONE,
    )


def made(folder: Path, *words: str, code: int = 0) -> tuple[int, str, list[list[str]]]:
    """Let make run a Python that only notes its arguments: exit code, output, what it was given."""
    python, notes = folder / "python", folder / "notes"
    python.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(notes)!r}, 'a'))\nsys.exit({code})\n"
    )
    python.chmod(0o755)
    old = [f"--assume-old=.venv/{name}" for name in ("installed", "installed-tests")]
    installed = [*old, "VENV=.venv", f"PYTHON={python}"]
    done = make(*installed, *words)
    given = notes.read_text().splitlines() if notes.exists() else []
    return done.returncode, done.stdout, [json.loads(line) for line in given]


@pytest.mark.parametrize("stage", ["stage1", "stage2", "stage3", "stage4"])
@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (3, True), (1, False), (2, False)])
def test_it_goes_on_past_what_cannot_be_used(
    tmp_path: Path, stage: str, code: int, goes_on: bool
) -> None:
    own = [f"{name}=own" for name in ("DATASET", "IMAGES", "ARCHIVES")]
    assert (made(tmp_path, *own, stage, code=code)[0] == 0) is goes_on


def test_the_stages_are_run_in_their_order_however_many_jobs_are_allowed(tmp_path: Path) -> None:
    _, _, given = made(tmp_path, "run", "--jobs=4")
    assert [words[0].removeprefix("./") for words in given] == [SAMPLE, *sorted(RUNS)]


def test_no_sample_is_written_beside_ones_own_data(tmp_path: Path) -> None:
    _, _, given = made(tmp_path, "run", "DATASET=a", "IMAGES=b", "ARCHIVES=c")
    assert {words[0].removeprefix("./") for words in given} == RUNS


@pytest.mark.parametrize("name", ["my tags", "größe 四", "it's", 'a "b"', "$HOME", "a;b&c", "-x"])
def test_every_name_of_a_folder_comes_through_as_it_is(tmp_path: Path, name: str) -> None:
    names = ("DATASET", "IMAGES", "ARCHIVES", "OUTPUT")
    code, _, given = made(tmp_path, "run", *(f"{one}={name}" for one in names))
    assert code == 0
    options = {word.partition("=")[0]: word.partition("=")[2] for words in given for word in words}
    assert {options[one] for one in ("--input_folder", "--directory", "--output")} == {name}
    assert options["--metadata_json"] == f"{name}/input-metadata.json"
    assert options["--model"] == f"{name}/models"


def test_a_sample_in_an_output_folder_with_a_space_is_found(tmp_path: Path) -> None:
    _, _, given = made(tmp_path, "stage3", "OUTPUT=my output")
    assert given[0][1:] == ["--output_folder=my output/sample"]
    assert given[1][1] == "--directory=my output/sample/images"


def test_a_run_ends_with_where_to_look_and_what_to_ask(tmp_path: Path) -> None:
    _, said, _ = made(tmp_path, "run", "OUTPUT=my output")
    page, _, question = said.splitlines()[-3:]
    assert page.strip() == "my output/reports/index.html"
    assert question.strip().startswith('sqlite3 "my output/zip_score_cache.sqlite" "SELECT ')


def test_what_takes_a_minute_says_so(tmp_path: Path) -> None:
    done = make("--dry-run", f"VENV={tmp_path}", "stage1")
    said = [line for line in done.stdout.splitlines() if line.startswith("echo")]
    installs = [line for line in done.stdout.splitlines() if "pip" in line]
    assert "a minute" in said[0]
    assert not any("quiet" in line for line in installs)


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        "'import sys; sys.version_info = (3, 9); exec(sys.argv[1])' \"$2\"\n"
    )
    old.chmod(0o755)
    done = make(f"VENV={tmp_path}/venv", f"PYTHON3={old}", "stage1")
    spoken = re.match(r"Python 3\.11 to 3\.\d+", done.stderr)
    assert spoken
    assert spoken[0] in (ROOT / "README.md").read_text()
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("target", ["test", "quick"])
def test_a_part_of_the_tests_can_be_named(tmp_path: Path, target: str) -> None:
    _, _, given = made(tmp_path, target, "T=tests/stage3 tests/test_options.py")
    assert given[-1][:2] == ["-m", "pytest"]
    assert given[-1][-2:] == ["tests/stage3", "tests/test_options.py"]


def test_all_that_is_marked_as_slow_is_left_out_of_the_quick_tests(tmp_path: Path) -> None:
    _, _, given = made(tmp_path, "quick")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]
    kinds = [line.partition(":")[0] for line in settings["ini_options"]["markers"]]
    assert given[-1][-2:] == ["-m", f"not ({' or '.join(kinds)})"]
