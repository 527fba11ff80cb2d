import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.worlds import HERE, Run, World, command, image_hash, png, zipped

pytestmark = pytest.mark.slow


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name, shade in {"cat/1.png": 1, "cat/2.png": 2, "dog/1.png": 3}.items():
        path = tmp_path / "dataset" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(shade))
    return tmp_path / "dataset"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


def process(dataset: Path, output: Path, *options: str) -> Run:
    return command(
        "stage1/process_dataset.py",
        HERE,
        f"--input_folder={dataset}",
        f"--output_folder={output}",
        "--embedder=builtin",
        *options,
    )


def metadata(output: Path) -> dict[str, Any]:
    return dict(json.loads((output / "input-metadata.json").read_text()))


def test_metadata_is_keyed_by_the_image_hash(dataset: Path, output: Path) -> None:
    assert process(dataset, output).exit_code == 0
    assert set(metadata(output)) == {image_hash(png(shade)) for shade in (1, 2, 3)}


def test_an_entry_tells_what_users_were_promised(dataset: Path, output: Path) -> None:
    process(dataset, output)
    entry = metadata(output)[image_hash(png(3))]
    vector = entry.pop("embeddings_vector")
    assert np.isfinite(vector).all()
    assert entry | {"embeddings_type": "", "model": "", "pretrained": "", "file_sha256": ""} == {
        "hash_id": image_hash(png(3)),
        "file_path": str(dataset / "dog" / "1.png"),
        "file_name": "1.png",
        "file_type": "PNG",
        "image_size_bytes": len(png(3)),
        "image_resolution": [3, 2],
        "image_xsize": 3,
        "image_ysize": 2,
        "image_mode": "RGB",
        "image_tags": ["dog"],
        "embeddings_type": "",
        "model": "",
        "pretrained": "",
        "file_sha256": "",
    }


def test_the_folder_of_an_image_is_its_tag(dataset: Path, output: Path) -> None:
    process(dataset, output)
    tags = json.loads((output / "input-tag-to-image-hash-list.json").read_text())
    assert {tag: set(hashes) for tag, hashes in tags.items()} == {
        "cat": {image_hash(png(1)), image_hash(png(2))},
        "dog": {image_hash(png(3))},
    }


def test_an_image_under_two_tags_has_both(dataset: Path, output: Path) -> None:
    (dataset / "dog" / "same.png").write_bytes(png(1))
    process(dataset, output)
    hashes = json.loads((output / "input-image-hash-to-tag-list.json").read_text())
    assert hashes[image_hash(png(1))] == ["cat", "dog"]
    assert metadata(output)[image_hash(png(1))]["image_tags"] == ["cat", "dog"]


def test_an_untagged_dataset_has_no_tags(dataset: Path, output: Path) -> None:
    process(dataset, output, "--no-tagged_dataset")
    assert json.loads((output / "input-tag-to-image-hash-list.json").read_text()) == {}
    assert len(metadata(output)) == 3


def test_tags_appear_when_an_untagged_dataset_is_read_as_tagged(
    dataset: Path, output: Path
) -> None:
    process(dataset, output, "--no-tagged_dataset")
    process(dataset, output)
    assert set(json.loads((output / "input-tag-to-image-hash-list.json").read_text())) == {
        "cat",
        "dog",
    }


def test_a_zip_of_tag_folders_is_a_dataset_too(tmp_path: Path, output: Path) -> None:
    archive = tmp_path / "dataset.zip"
    archive.write_bytes(zipped({"set/cat/1.png": png(1), "dog/1.png": png(2)}))
    process(archive, output)
    tags = json.loads((output / "input-tag-to-image-hash-list.json").read_text())
    assert tags == {"cat": [image_hash(png(1))], "dog": [image_hash(png(2))]}


def test_a_second_run_writes_the_same_bytes(dataset: Path, output: Path) -> None:
    process(dataset, output)
    names = ("input-metadata.json", "input-tag-to-image-hash-list.json")
    before = [(output / name).read_bytes() for name in names]
    process(dataset, output)
    assert [(output / name).read_bytes() for name in names] == before


def test_a_removed_image_leaves_the_metadata(dataset: Path, output: Path) -> None:
    (dataset / "dog" / "other.png").write_bytes(png(9))
    process(dataset, output)
    (dataset / "dog" / "1.png").unlink()
    process(dataset, output)
    assert image_hash(png(3)) not in metadata(output)


def test_of_an_emptied_folder_all_stays_until_it_is_said_to_be_gone(
    dataset: Path, output: Path
) -> None:
    process(dataset, output)
    (dataset / "dog" / "1.png").unlink()
    kept = process(dataset, output)
    assert kept.exit_code == 3
    assert "--forget_gone forgets it" in (output / "input-problems.csv").read_text()
    assert image_hash(png(3)) in metadata(output)
    forgotten = process(dataset, output, "--forget_gone")
    assert (forgotten.exit_code, "gone: 1 folders with 1 images" in forgotten.stderr) == (0, True)
    assert image_hash(png(3)) not in metadata(output)


def test_another_dataset_takes_the_place_of_the_first(
    dataset: Path, tmp_path: Path, output: Path
) -> None:
    process(dataset, output)
    other = tmp_path / "other" / "bird"
    other.mkdir(parents=True)
    (other / "1.png").write_bytes(png(9))
    process(other.parent, output)
    assert set(metadata(output)) == {image_hash(png(9))}


def test_the_dataset_cache_has_a_row_per_image(dataset: Path, output: Path) -> None:
    process(dataset, output)
    with sqlite3.connect(output / "dataset_cache.sqlite") as database:
        rows = database.execute("SELECT file_name, file_path, type, hash_id FROM dataset_cache")
        assert ("1.png", str(dataset / "dog" / "1.png"), ".png", image_hash(png(3))) in set(rows)


def test_what_could_not_be_read_is_listed(dataset: Path, output: Path) -> None:
    (dataset / "cat" / "bad.png").write_bytes(b"no picture")
    run = process(dataset, output)
    assert run.exit_code == 3
    assert "bad.png,corrupt," in (output / "input-problems.csv").read_text()


def test_a_dataset_without_images_is_refused(tmp_path: Path, output: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = process(tmp_path / "empty", output)
    assert run.exit_code == 1
    assert "holds no image. Name a folder of tag folders" in run.stderr


def test_a_failed_run_leaves_the_metadata_of_the_last_one(dataset: Path, output: Path) -> None:
    process(dataset, output)
    before = (output / "input-metadata.json").read_bytes()
    for path in dataset.glob("*/*"):
        path.unlink()
    assert process(dataset, output, "--forget_gone").exit_code == 1
    assert (output / "input-metadata.json").read_bytes() == before


def test_texts_beside_the_pictures_give_tags_too(dataset: Path, output: Path) -> None:
    (dataset / "cat" / "1.txt").write_text("red, small")
    (dataset / "metadata.csv").write_text('file_name,tags\ndog/1.png,"small, round"\n')
    run = process(dataset, output)
    assert (run.exit_code, run.stdout.splitlines()[-2][-6:]) == (0, "tags 5")
    assert metadata(output)[image_hash(png(1))]["image_tags"] == ["cat", "red", "small"]
    assert metadata(output)[image_hash(png(3))]["image_tags"] == ["dog", "round", "small"]


def test_a_broken_text_with_tags_is_listed(dataset: Path, output: Path) -> None:
    (dataset / "metadata.jsonl").write_text("{")
    assert process(dataset, output).exit_code == 3
    assert "metadata.jsonl,corrupt,line 1: no JSON object" in (
        (output / "input-problems.csv").read_text()
    )


def test_metadata_is_written_as_parquet_where_that_is_asked_for(
    dataset: Path, output: Path
) -> None:
    run = process(dataset, output, "--metadata_format=parquet")
    assert run.stdout.splitlines()[-2] == f"images 3 in {output}/input-metadata.parquet · tags 2"
    assert [path.name for path in output.glob("input-metadata*")] == ["input-metadata.parquet"]


def test_both_formats_tell_the_same(dataset: Path, output: Path) -> None:
    assert process(dataset, output, "--metadata_format=both").exit_code == 0
    rows = parquet.read_table(output / "input-metadata.parquet").to_pylist()
    entries = list(metadata(output).values())
    for entry in entries:
        entry.pop("image_resolution")
        entry["embeddings_vector"] = np.array(entry["embeddings_vector"], "f4").tolist()
        entry |= {"weights_sha256": None, "precision": None}
    assert rows == entries


def test_metadata_of_an_earlier_run_in_another_format_is_named(dataset: Path, output: Path) -> None:
    process(dataset, output, "--metadata_format=parquet")
    run = process(dataset, output)
    assert "input-metadata.parquet: an earlier run's, not written anew" in run.stderr


def test_the_other_stages_take_parquet(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.train("cat")
    assert world.classify().exit_code == 0
    rows = world.rows()
    table = [{"hash_id": key, **entry} for key, entry in world.entries.items()]
    parquet.write_table(pa.Table.from_pylist(table), tmp_path / "m.parquet")
    run = world.classify(f"--metadata_json={tmp_path / 'm.parquet'}", f"--output={tmp_path}/new")
    assert (run.exit_code, run.stdout.splitlines()[0]) == (
        0,
        "archives 1 · members 2 = scored 2",
    )
    world.output.rename(tmp_path / "old")
    (tmp_path / "new").rename(world.output)
    assert world.rows() == rows


@pytest.mark.parametrize("option", ["clip_model=x", "pretrained=xx", "device=cpu", "batch_size=32"])
def test_options_of_clip_are_wrong_use_with_another_embedder(
    dataset: Path, output: Path, option: str
) -> None:
    done = process(dataset, output, f"--{option}")
    assert (done.exit_code, output.exists()) == (2, False)
    assert f"--{option.partition('=')[0]} is of --embedder=clip" in done.stderr


def test_where_all_images_are_broken_it_says_where_they_are_listed(
    tmp_path: Path, output: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "1.png").touch()
    done = process(tmp_path / "broken", output)
    assert f"See {output / 'input-problems.csv'} for what" in done.stderr


def test_images_that_lie_in_no_folder_have_no_tags_and_that_is_said(
    tmp_path: Path, output: Path
) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "1.png").write_bytes(png(1))
    run = process(tmp_path / "flat", output)
    assert run.exit_code == 3
    assert "the folders in it are the tags" in run.stderr
    untagged = process(tmp_path / "flat", output, "--no-tagged_dataset")
    assert (untagged.exit_code, "folders" in untagged.stderr) == (0, False)


def test_a_folder_and_weights_that_are_not_there_are_both_named(tmp_path: Path) -> None:
    nowhere = [f"--{name}={tmp_path / name}" for name in ("input_folder", "clip_model")]
    done = command("stage1/process_dataset.py", *nowhere, f"--output_folder={tmp_path / 'out'}")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 2)
