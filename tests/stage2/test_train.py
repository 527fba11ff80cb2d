import shutil
from pathlib import Path

import pytest

from shared.database.labels import load_labels
from tests.shared.training.world import World, make_world
from tests.worlds import Run, command, script

pytestmark = pytest.mark.training

TWO_TAGS = {"cat": range(10), "dog": range(10, 30)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def arguments(world: World, tags: dict[str, range]) -> list[str]:
    request = world.request(tags)
    return [
        f"--metadata_json={request.metadata_json}",
        f"--tag_to_hash_json={request.tag_to_hash_json}",
        f"--output={request.output}",
        "--workers=1",
    ]


def run(world: World, *options: str, tags: dict[str, range] | None = None) -> Run:
    return command("stage2/train.py", *arguments(world, tags or TWO_TAGS), *options)


def test_the_summary_adds_up_and_says_where_to_look(world: World) -> None:
    done = run(world)
    output = world.folder / "output"
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "images 30 = with a vector 30",
        "tags 2 = trained 2",
        f"classifiers 4 in {output / 'models'} · reports in {output / 'reports'}",
    ]


def test_a_skipped_tag_is_told_and_ends_with_3(world: World) -> None:
    done = run(world, tags={**TWO_TAGS, "rare": range(50, 52)})
    assert done.exit_code == 3
    assert "tags 3 = trained 2 + skipped 1" in done.stdout
    assert "rare is not trained: 2 images with it; 3 are needed" in done.stderr


def test_quiet_says_nothing_on_stderr(world: World) -> None:
    done = run(world, "--quiet", tags={**TWO_TAGS, "rare": range(50, 52)})
    assert (done.exit_code, done.stderr) == (3, "")


def test_a_missing_file_is_one_line_and_1(world: World) -> None:
    done = run(world, f"--tag_to_hash_json={world.folder / 'nothing.json'}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {world.folder / 'nothing.json'}: cannot be read")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("share", ["1", "-0.1", "half", "nan"])
def test_an_impossible_share_is_wrong_use(world: World, share: str) -> None:
    assert run(world, f"--test_per={share}").exit_code == 2


def test_hyphens_are_as_good_as_underscores(world: World) -> None:
    request = world.request(TWO_TAGS)
    done = command(
        "stage2/train.py",
        f"--metadata-json={request.metadata_json}",
        f"--tag-to-hash-json={request.tag_to_hash_json}",
        f"--output={request.output}",
        "--test-per=0",
    )
    assert done.exit_code == 0


def test_it_runs_from_any_folder(world: World) -> None:
    done = script("stage2/train.py", *arguments(world, TWO_TAGS), cwd="/")
    assert (done.exit_code, done.stderr) == (0, "")


def test_labels_that_people_gave_are_counted(world: World) -> None:
    folder = world.folder / "results" / "cat" / "_yes"
    folder.mkdir(parents=True)
    world.add_picture(folder / "1.png")
    done = run(world, f"--corrections={world.folder / 'results'}")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "labels 1 given by hand"
    assert done.stdout.splitlines()[1] == "images 31 = with a vector 31"


def test_a_correction_that_cannot_be_read_is_told_and_ends_with_3(world: World) -> None:
    folder = world.folder / "results" / "cat" / "_yes"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"<html>")
    done = run(world, f"--corrections={world.folder / 'results'}")
    assert done.exit_code == 3
    problems = world.folder / "output" / "reports" / "problems.csv"
    assert done.stdout.splitlines()[:2] == [
        f"problems are listed in {problems}",
        "labels 0 given by hand · corrections left out 1",
    ]
    assert f"{folder / '1.png'},unsupported_format," in problems.read_text()
    assert f"{folder / '1.png'}: not a picture that is read here" in done.stderr


def test_an_answer_that_is_taken_back_is_counted(world: World) -> None:
    folder = world.folder / "results" / "cat"
    for name in ("_yes", "0.5"):
        (folder / name).mkdir(parents=True)
    world.add_picture(folder / "_yes" / "1.png")
    corrections = f"--corrections={world.folder / 'results'}"
    run(world, corrections)
    (folder / "_yes" / "1.png").rename(folder / "0.5" / "1.png")
    done = run(world, corrections)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "labels 0 given by hand · taken back 1"
    assert load_labels(world.folder / "output" / "labels.sqlite") == []


@pytest.mark.parametrize("name", ["yes", "no"])
def test_a_folder_yes_or_no_is_a_problem(world: World, name: str) -> None:
    folder = world.folder / "results" / "cat" / name
    folder.mkdir(parents=True)
    world.add_picture(folder / "1.png")
    done = run(world, f"--corrections={world.folder / 'results'}")
    assert done.exit_code == 3
    assert f"{folder}: a folder of this name is no answer: call it _{name}" in done.stderr
    assert f"{folder},bad_answer," in (world.folder / "output/reports/problems.csv").read_text()


def test_an_old_results_folder_read_once_more_changes_nothing(world: World) -> None:
    moved = world.add_picture(world.folder / "1.png")
    for number, answer in ((1, "_yes"), (2, "_no")):
        place = world.folder / f"results{number}" / "cat" / answer
        place.mkdir(parents=True)
        shutil.copy(world.folder / "1.png", place)
    for number in (1, 2, 1):
        done = run(world, f"--corrections={world.folder / f'results{number}'}")
        assert done.exit_code == 0
    (label,) = load_labels(world.folder / "output" / "labels.sqlite")
    assert (label.hash_id, label.has_tag) == (moved, False)


def test_all_inputs_that_are_wrong_are_named_at_once(tmp_path: Path) -> None:
    names = ("metadata_json", "tag_to_hash_json")
    nowhere = [f"--{name}={tmp_path / name}" for name in names]
    output = f"--output={tmp_path / 'output'}"
    for stage, own in (
        ("stage2/train.py", f"--corrections={tmp_path / 'none'}"),
        ("stage2/suggest.py", f"--model={tmp_path / 'none'}"),
    ):
        done = command(stage, *nowhere, output, own, *(["--tag=a"] if "suggest" in stage else []))
        assert (done.exit_code, done.stderr.count("\n")) == (1, 3)
        assert all(str(tmp_path / name) in done.stderr for name in (*names, "none"))
