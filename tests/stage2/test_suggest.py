import json
from pathlib import Path

import pytest

from tests.shared.training.world import World, make_world, picture
from tests.worlds import Run, command, image_hash, png

pytestmark = pytest.mark.training

TAGS = {"cat": range(0, 60, 2), "dog": range(61, 181, 2)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("world"))
    request = made.request(TAGS)
    inputs = [
        f"--metadata_json={request.metadata_json}",
        f"--tag_to_hash_json={request.tag_to_hash_json}",
    ]
    assert command("stage2/train.py", *inputs, f"--output={request.output}").exit_code == 0
    return made


def run(world: World, *options: str) -> Run:
    return command(
        "stage2/suggest.py",
        f"--metadata_json={world.metadata_json}",
        f"--tag_to_hash_json={world.tag_to_hash_json}",
        f"--model={world.folder / 'output' / 'models'}",
        f"--output={world.folder / 'output'}",
        *options,
    )


def test_each_picture_has_a_line_with_score_hash_and_file(world: World) -> None:
    done = run(world, "--tag=cat", "--count=3")
    assert done.exit_code == 0
    lines = [line.split(" ") for line in done.stdout.splitlines()]
    known = {picture(number): f"/pictures/{number}.png" for number in range(200)}
    assert len(lines) == 3
    assert all(0 <= float(score) <= 1 and known[name] == path for score, name, path in lines)


def test_twenty_are_named_where_nothing_else_is_said(world: World) -> None:
    assert len(run(world, "--tag=cat").stdout.splitlines()) == 20


def test_a_tag_is_needed(world: World) -> None:
    assert run(world).exit_code == 2


def test_an_unknown_tag_is_one_line_and_1(world: World) -> None:
    done = run(world, "--tag=bird")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no classifier of the tag 'bird'; there are cat, dog" in done.stderr
    assert done.stderr.count("\n") == 1


def real(world: World) -> None:
    """Put pictures that can be read behind what is suggested: grey ones beside the metadata."""
    entries = json.loads(world.metadata_json.read_text())
    for name in [name for name in entries if name != "bad"]:
        del entries[name]["file_path"]
    for number in range(3):
        content = png(number)
        (world.folder / f"{number}.png").write_bytes(content)
        like = entries[picture(number)]
        entries[image_hash(content)] = {**like, "file_path": str(world.folder / f"{number}.png")}
    world.metadata_json.write_text(json.dumps(entries))


def test_a_folder_of_them_can_be_sorted_and_trained_with(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    asked = world.request(TAGS)
    inputs = [f"--metadata_json={asked.metadata_json}", f"--output={asked.output}"]
    inputs.append(f"--tag_to_hash_json={asked.tag_to_hash_json}")
    assert command("stage2/train.py", *inputs).exit_code == 0
    real(world)
    target = tmp_path / "next"
    done = run(world, "--tag=cat", "--count=1000", "--to=folder", f"--target={target}")
    assert done.exit_code == 3
    n_lost = 200 - len(TAGS["cat"]) - len(TAGS["dog"])  # those of the metadata lie nowhere
    assert done.stdout.splitlines() == [
        f"problems are listed in {target / 'problems.csv'}",
        f"pictures {n_lost + 3} = laid out 3 + problems {n_lost} in {target}",
        f"move them into _yes or _no of {target / 'cat'}",
        f"then train with --corrections={target}",
    ]
    one, other, _ = sorted((target / "cat").glob("*.png"))
    one.rename(target / "cat" / "_no" / one.name)
    other.rename(target / "cat" / "_yes" / other.name)
    trained = command("stage2/train.py", *inputs, f"--corrections={target}")
    assert trained.stdout.splitlines()[0] == "labels 2 given by hand"
    again = run(world, "--tag=cat", "--to=folder", f"--target={target}", "--overwrite")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "somebody has sorted" in again.stderr


def test_a_page_of_them_is_named(world: World, tmp_path: Path) -> None:
    target = tmp_path / "next"
    done = run(world, "--tag=cat", "--count=3", "--to=page", f"--target={target}")
    assert done.exit_code == 3
    assert done.stdout.splitlines()[1:] == [
        f"pictures 3 = laid out 0 + problems 3 in {target}",
        f"open {target / 'index.html'}",
    ]
    assert done.stderr.count("could not be read: No such file or directory: left out") == 3


@pytest.mark.parametrize(
    "options", [["--to=page"], ["--to=folder"], ["--target=x"], ["--overwrite"]]
)
def test_a_target_goes_with_a_page_or_a_folder(world: World, options: list[str]) -> None:
    done = run(world, "--tag=cat", *options)
    assert done.exit_code == 2
    assert "--to=" in done.stderr


def test_a_target_that_is_there_is_told_before_anything_is_looked_at(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "mine").touch()
    done = run(world, "--tag=bird", "--to=page", f"--target={tmp_path}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {tmp_path}: is there already")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--audit", "--count=3"], "--count does not go with --audit"),
        (["--audit", "--by=novelty"], "--by does not go with --audit"),
        (["--within=0.1"], "--within goes with --audit"),
        (["--corrections=x"], "--corrections goes with --audit"),
        (["--audit", "--within=0.9"], "0.01<=x<=0.5"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    world: World, options: list[str], found: str
) -> None:
    done = run(world, "--tag=cat", *options)
    assert done.exit_code == 2
    assert found in done.stderr


def test_an_audit_of_what_nothing_has_decided_is_one_line_and_1(world: World) -> None:
    done = run(world, "--tag=cat", "--audit")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "holds no decisions about the tag 'cat'" in done.stderr
