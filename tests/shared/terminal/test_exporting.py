"""What an export is asked for by options, and what its last line says."""

from pathlib import Path

import pytest

from shared.exporting.request import ExportSummary
from shared.terminal.exits import PROBLEMS
from shared.terminal.exporting import summary_lines
from tests.shared.exporting.scene import CAT, DOG, Scene, archives, loose
from tests.worlds import Run, command


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return archives(tmp_path, {"a.zip": {"1.png": CAT, "2.png": DOG}, "b.zip": {"3.png": CAT}})


def run(scene: Scene, *options: str, stage: int = 4) -> Run:
    return command(f"stage{stage}/export.py", f"--output={scene.output}", *options)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "CSV"])
def test_the_ending_says_which_table(scene: Scene, ending: str) -> None:
    target = scene.folder / f"new.{ending}"
    done = run(scene, f"--target={target}")
    assert (done.exit_code, done.stdout) == (0, f"rows 3 in {target}\n")


def test_an_ending_that_says_nothing_is_one_line(scene: Scene) -> None:
    done = run(scene, f"--target={scene.folder / 'new.txt'}")
    assert done.exit_code == 1
    assert done.stderr.endswith(
        "new.txt: its ending says no format; .csv, .jsonl, .parquet do. Say which it is to be "
        "with --to.\n"
    )
    assert done.stderr.count("\n") == 1


def test_options_choose_rows(scene: Scene) -> None:
    target = f"--target={scene.folder / 'new.csv'}"
    chosen = ("--tag=cat", "--tag=dog", f"--archive={scene.pictures / 'a.zip'}", "--min_score=0.85")
    assert run(scene, target, *chosen).stdout.startswith("rows 1 in ")
    assert run(scene, target, "--what=scores", "--overwrite").stdout.startswith("rows 6 in ")


def test_a_hyphen_is_as_good(scene: Scene) -> None:
    assert run(scene, f"--target={scene.folder / 'x.csv'}", "--min-score=0.85").exit_code == 0


@pytest.mark.parametrize(
    "wrong",
    ["--min_score=1.1", "--min_score=nan", "--what=all", "--to=exe", "--tag=", "--archive="],
)
def test_wrong_use_is_2(scene: Scene, wrong: str) -> None:
    assert run(scene, f"--target={scene.folder / 'new.csv'}", wrong).exit_code == 2
    assert not (scene.folder / "new.csv").exists()


def test_loose_images_have_no_archives(tmp_path: Path) -> None:
    scene = loose(tmp_path, {"1.png": CAT})
    target = f"--target={tmp_path / 'new.csv'}"
    assert run(scene, target, "--archive=a.zip", stage=3).exit_code == 2
    assert run(scene, target, stage=3).exit_code == 0


def test_problems_are_counted_listed_and_3(scene: Scene) -> None:
    (scene.pictures / "b.zip").unlink()
    target = scene.folder / "new"
    done = run(scene, f"--target={target}", "--to=txt", "--verbose")
    assert done.exit_code == PROBLEMS
    assert done.stdout.splitlines() == [
        f"problems are listed in {target / 'problems.csv'}",
        f"pictures 3 = copied 2 + problems 1 in {target}",
    ]
    assert "b.zip!/3.png: " in done.stderr


def test_a_limit_is_that_of_the_options(scene: Scene) -> None:
    options = (f"--target={scene.folder / 'new'}", "--to=txt", "--max_entries=1")
    assert run(scene, *options).exit_code == PROBLEMS


def test_sidecars_that_stay_are_counted(tmp_path: Path) -> None:
    scene = loose(tmp_path, {"1.png": CAT, "2.png": DOG})
    lines = summary_lines(scene.request("xmp"), ExportSummary(n_pictures=1, n_same=1))
    assert list(lines) == [f"pictures 2 = sidecars written 1 + as they were 1 in {scene.pictures}"]


def test_quiet_says_nothing_but_the_summary(scene: Scene) -> None:
    done = run(scene, f"--target={scene.folder / 'new'}", "--to=txt", "--quiet")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
