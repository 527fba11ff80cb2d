import sys
from pathlib import Path

import pytest

from tests.cluster.servers import need
from tests.worlds import Run, World, command, png

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    need("fsspec")
    world = World(tmp_path)
    world.train("cat")
    world.archive("a/1.zip", {"1.png": png(1)})
    world.archive("b/2.zip", {"1.png": png(1), "2.png": png(2)})
    return world


def classify(world: World, below: str = "", *options: str) -> Run:
    """Score what is found at a URL, which fsspec opens as it would a bucket's."""
    return world.classify(f"--directory=file://{world.zips}{below}", *options)


def addresses(world: World) -> list[str]:
    return [str(row[0]).replace("file://", "") for row in world.rows("file_path")]


def test_a_url_gives_what_its_files_give(world: World) -> None:
    classify(world)
    assert addresses(world) == ["a/1.zip!/1.png", "b/2.zip!/1.png", "b/2.zip!/2.png"]


def test_an_archive_can_be_named_by_its_url(world: World) -> None:
    classify(world, "/a/1.zip")
    assert addresses(world) == ["a/1.zip!/1.png"]


def test_archives_that_are_gone_are_forgotten_below_the_url_alone(world: World) -> None:
    classify(world)
    (world.zips / "a/1.zip").unlink()
    (world.zips / "a/loose.txt").touch()
    (world.zips / "b/2.zip").unlink()
    assert classify(world, "/a/").exit_code == 3
    assert "a/1.zip!/1.png" in addresses(world)
    classify(world, "/a/", "--forget_gone")
    assert addresses(world) == ["b/2.zip!/1.png", "b/2.zip!/2.png"]


def test_results_are_the_same_files_as_from_a_folder(world: World) -> None:
    world.classify()
    classify(world)
    local, remote = world.results()
    assert world.tree(local) == world.tree(remote)


def test_a_changed_object_is_read_again(world: World) -> None:
    classify(world)
    world.archive("a/1.zip", {"other.png": png(3)})
    classify(world)
    assert "a/1.zip!/other.png" in addresses(world)


def test_loose_images_are_not_read_from_a_url(world: World) -> None:

    done = command(
        "stage3/classify.py",
        "--directory=s3://bucket",
        f"--metadata_json={world.metadata}",
        f"--model={world.models}",
        f"--output={world.output}",
    )
    assert done.exit_code == 1
    assert "stage 3 reads folders on disk" in done.stderr


def test_where_dask_is_missing_the_command_that_installs_it_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = world.classify("--dask_scheduler=tcp://127.0.0.1:1")
    assert done.exit_code == 1
    assert "pip install -r stage4/requirements-dask.txt" in done.stderr
