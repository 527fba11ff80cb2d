import json
import sqlite3
from pathlib import Path

import pytest

from tests.archive_cases.others import OTHERS
from tests.worlds import HERE, Run, World, command, png, zipped

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    return world


@pytest.fixture
def images(world: World) -> Path:
    folder = world.folder / "images"
    (folder / "x").mkdir(parents=True)
    (folder / "1.png").write_bytes(png(1))
    (folder / "x" / "1.png").write_bytes(png(2))
    world.know(png(1), png(2))
    return folder


def classify(world: World, images: Path, *options: str) -> Run:
    return command(
        "stage3/classify.py",
        HERE,
        f"--directory={images}",
        f"--metadata_json={world.metadata}",
        f"--model={world.models}",
        f"--output={world.output}",
        *options,
    )


def rows(world: World, columns: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(world.output / "score_cache.sqlite") as database:
        return sorted(database.execute(f"SELECT {columns} FROM score_cache").fetchall())


def test_loose_images_at_any_depth_are_scored(world: World, images: Path) -> None:
    assert classify(world, images).exit_code == 0
    assert rows(world, "file_path, tag") == [
        (str(images / name), tag) for name in ("1.png", "x/1.png") for tag in ("cat", "dog")
    ]


def test_a_loose_archive_of_another_kind_is_a_problem(world: World, images: Path) -> None:
    (images / "photos.tar").write_bytes(OTHERS["tar"])
    run = classify(world, images)
    assert run.exit_code == 3
    assert "unsupported archive 1" in run.stdout


def test_pictures_of_one_name_in_two_folders_are_two_files(world: World, images: Path) -> None:
    classify(world, images)
    files = world.tree(world.results()[0])
    assert sorted(files.values()) == sorted([png(1), png(2)] * 2)


def test_a_second_run_changes_nothing(world: World, images: Path) -> None:
    first = classify(world, images)
    assert classify(world, images) == first
    assert len(world.results()) == 1


def test_a_removed_image_takes_its_rows_along(world: World, images: Path) -> None:
    classify(world, images)
    (images / "1.png").unlink()
    classify(world, images)
    assert {row[0] for row in rows(world, "file_path")} == {str(images / "x" / "1.png")}


def test_archives_are_left_to_stage_4(world: World, images: Path) -> None:
    (images / "a.zip").write_bytes(zipped({"3.png": png(3)}))
    run = classify(world, images)
    assert run.stdout.splitlines()[:2] == [
        "zip archives 1, left alone: stage 4 scores what is in them",
        "folders 2 · members 3 = scored 2 + not an image 1",
    ]


def test_the_own_output_is_no_input(world: World, images: Path) -> None:
    world_inside = ["--output", str(images / "output")]
    classify(world, images, *world_inside)
    run = classify(world, images, *world_inside)
    assert run.stdout.startswith("folders 2 · members 2 = scored 2")


def test_a_file_in_place_of_the_folder_is_refused(world: World, images: Path) -> None:
    run = classify(world, images / "1.png")
    assert (run.exit_code, run.stderr) == (
        1,
        f"error: {images / '1.png'}: a file, a folder is needed. "
        "Name the folder that the images are in; stage 4 reads archives.\n",
    )


def test_a_corrupt_image_is_listed_and_the_rest_is_scored(world: World, images: Path) -> None:
    (images / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    assert classify(world, images).exit_code == 3
    assert len(json.loads((world.results()[0] / "output.json").read_text())) == 2
