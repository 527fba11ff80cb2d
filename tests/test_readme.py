"""The READMEs show what really happens: every command that they show is run on the sample data."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from shared.errors import Fate
from tests.worlds import ROOT, script, timeless

READMES = [ROOT / "README.md", *sorted(ROOT.glob("stage*/README.md"))]
STAGES = ("process_dataset", "train", "classify.py", "classify_zip")
_SHOWN = re.compile(r"^    \$ python \./(\S+)(.*)\n((?:    (?!\$).+\n)*)", re.MULTILINE)
_ASKED = re.compile(r'^    \$ sqlite3 (\S+) "(.+)"$', re.MULTILINE)
_DRAWN = re.compile(r"^    ((?:[│ ]   )*)(?:[├└]── )?(\S+)")
_STEP = re.compile(r"^    \$ (.+)\n((?:    (?!\$).+\n)*)", re.MULTILINE)
_SQLITE = """
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print(*row, sep="|")
"""
_CHANGES = re.compile(r"tagging_output_[\d_]+|(?<=time about )\d+ seconds?")


Words = tuple[str, ...]

pytestmark = pytest.mark.training


@dataclass(frozen=True)
class Shown:
    """A command of a README with the output that stands below it."""

    readme: str
    words: Words
    output: str


def _iter_shown() -> list[Shown]:
    return [
        Shown(
            readme.relative_to(ROOT).as_posix(),
            (path, *arguments.split()),
            "".join(line[4:] for line in output.splitlines(keepends=True)),
        )
        for readme in READMES
        for path, arguments, output in _SHOWN.findall(readme.read_text())
    ]


SHOWN = _iter_shown()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Words, str]]:
    """A working directory in which each command has been run once, and what each said there."""
    folder = tmp_path_factory.mktemp("sample")
    assert script("stage1/write_sample.py", cwd=folder).exit_code == 0
    outputs: dict[Words, str] = {}
    for shown in SHOWN:
        if shown.words not in outputs:
            run = script(*shown.words, cwd=folder)
            assert run.exit_code == 0, run
            outputs[shown.words] = run.stdout
    return folder, outputs


@pytest.fixture(scope="module")
def sample(said: tuple[Path, dict[Words, str]]) -> Path:
    return said[0]


def test_the_readme_shows_all_four_stages() -> None:
    shown = [one.words[0] for one in SHOWN if one.readme == "README.md"]
    assert len(shown) == len(STAGES)
    assert all(stage in path for stage, path in zip(STAGES, shown, strict=True))


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: f"{shown.readme}-{shown.words[0]}")
def test_the_output_is_the_one_that_is_shown(
    shown: Shown, said: tuple[Path, dict[Words, str]]
) -> None:
    assert _CHANGES.sub("…", said[1][shown.words]) == _CHANGES.sub("…", timeless(shown.output))


@pytest.mark.parametrize("readme", ["README.md", "stage4/README.md"])
def test_what_is_asked_of_the_table_is_answered(readme: str, sample: Path) -> None:
    questions = _ASKED.findall((ROOT / readme).read_text())
    assert questions
    for path, question in questions:
        with sqlite3.connect(sample / path) as database:
            assert database.execute(question).fetchall()


def test_the_story_of_the_sevens_comes_out_as_it_is_told(sample: Path, tmp_path: Path) -> None:
    told = (ROOT / "stage4" / "README.md").read_text()
    story = told.partition("### All archives that are mostly sevens\n")[2].partition("\n#")[0]
    steps = _STEP.findall(story)
    assert len(steps) == 3
    for name, does in (("python", '"$@"'), ("sqlite3", '-c "$SQLITE" "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\nexec '{sys.executable}' {does}\n")
        (tmp_path / name).chmod(0o755)
    (sample / "stage4").symlink_to(ROOT / "stage4")
    around = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SQLITE": _SQLITE}
    for command, output in steps:
        run = subprocess.run(
            command, shell=True, cwd=sample, env=around, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == output.replace("    ", "").strip()
    listed = (sample / "mostly-sevens.txt").read_text().splitlines()
    assert [one.removeprefix(f"{sample}/") for one in listed] == [
        "output/sample/archives/box-2.zip!/middle.zip!/inner.zip"
    ]
    captions = {path.read_text() for path in (sample / "sevens").glob("*.txt")}
    assert all("digit-7" in one.split(", ") for one in captions)


def test_a_results_folder_looks_as_it_is_drawn(sample: Path) -> None:
    results = max(sample.glob("output/tagging_output_*"), key=lambda path: path.stat().st_mtime)
    drawn = [results / path for path in _iter_drawn((ROOT / "README.md").read_text())]
    assert len(drawn) > 8
    assert [path for path in drawn if not path.exists()] == []


def _iter_drawn(text: str) -> Iterator[Path]:
    """Yield the paths of the tree that a text draws, without those that it leaves out."""
    above: list[str] = []
    for line in text[text.index("    output/tagging_output_") :].partition("\n\n")[0].splitlines():
        if found := _DRAWN.match(line):
            depth = len(line.partition("── ")[0]) // 4 if "── " in line else 0
            above[max(depth - 1, 0) :] = [found[2]] if depth else []
            if above and above[-1] != "…":
                yield Path(*above)


def test_classifiers_tell_digits_that_they_have_never_seen(sample: Path) -> None:
    truth: dict[str, list[bool]] = defaultdict(list)
    scores: dict[str, list[float]] = defaultdict(list)
    with sqlite3.connect(sample / "output" / "zip_score_cache.sqlite") as database:
        rows = database.execute("SELECT file_path, model_name, tag, tag_score FROM zip_score_cache")
        for address, name, tag, score in rows:
            truth[name].append(tag in address.split("!/", 1)[1].split("/"))
            scores[name].append(score)
    areas = {name: roc_auc_score(truth[name], scores[name]) for name in truth}
    assert len(areas) == 20
    assert min(areas.values()) >= 0.99
    assert sum(areas.values()) / len(areas) >= 0.998


def test_what_is_decided_at_95_percent_precision_is_right_so_often(
    sample: Path, tmp_path: Path
) -> None:
    run = script(
        "stage4/classify_zip.py",
        f"--directory={sample / 'output' / 'sample' / 'archives'}",
        f"--metadata_json={sample / 'output' / 'input-metadata.json'}",
        f"--model={sample / 'output' / 'models'}",
        f"--output={tmp_path}",
        "--results=none",
        "--threshold=precision_95",
    )
    assert run.exit_code == 0, run
    with sqlite3.connect(tmp_path / "zip_score_cache.sqlite") as database:
        rows = database.execute("SELECT file_path, tag FROM zip_tags").fetchall()
    right = [tag in address.split("!/", 1)[1].split("/") for address, tag in rows]
    assert len(right) > 600
    assert 0.93 <= sum(right) / len(right) <= 1


def test_memory_does_not_grow_with_the_collection(sample: Path, tmp_path: Path) -> None:
    for copy in range(10):
        shutil.copytree(sample / "output" / "sample" / "archives", tmp_path / "many" / str(copy))
    one = _peak_memory(sample / "output" / "sample" / "archives", sample, tmp_path / "one")
    ten = _peak_memory(tmp_path / "many", sample, tmp_path / "ten")
    assert ten <= 1.2 * one


def _peak_memory(archives: Path, sample: Path, output: Path) -> int:
    process = subprocess.Popen(
        [
            sys.executable,
            ROOT / "stage4" / "classify_zip.py",
            f"--directory={archives}",
            f"--metadata_json={sample / 'output' / 'input-metadata.json'}",
            f"--model={sample / 'output' / 'models'}",
            f"--output={output}",
            "--workers=1",
            "--quiet",
        ],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def test_every_fate_is_explained() -> None:
    told = (
        (ROOT / "stage4/README.md").read_text().partition("\n## Fates\n")[2].partition("\n## ")[0]
    )
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", told, re.MULTILINE)
    assert Counter(name for row in rows for name in re.findall(r"`(.+?)`", row)) == Counter(Fate)
