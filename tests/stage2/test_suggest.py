import pytest

from tests.shared.training.world import World, make_world, picture
from tests.worlds import Run, command

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
