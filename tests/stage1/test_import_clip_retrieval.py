import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clip_retrieval import write_part
from tests.worlds import HERE, Run, command, image_hash, png, zipped

pytestmark = pytest.mark.slow

FILES = {"cat/1.png": png(1), "cat/2.png": png(2), "dog/1.png": png(3)}
VECTORS = np.array([[0.6, 0.8], [1.0, 0.0], [0.0, -1.0]], np.float16)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "dataset" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "dataset"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def embeddings(tmp_path: Path, dataset: Path) -> Path:
    """Two parts, as clip-retrieval leaves them."""
    paths = [str(dataset / name) for name in FILES]
    write_part(tmp_path / "embeddings", "0", paths[:2], VECTORS[:2])
    write_part(tmp_path / "embeddings", "1", paths[2:], VECTORS[2:])
    return tmp_path / "embeddings"


def run(embeddings: Path, dataset: Path, *options: str) -> Run:
    return command(
        "stage1/import_clip_retrieval.py",
        HERE,
        f"--embeddings={embeddings}",
        f"--input_folder={dataset}",
        f"--output_folder={embeddings.parent / 'output'}",
        *options,
    )


def vectors(output: Path) -> dict[str, list[float]]:
    entries: dict[str, Any] = json.loads((output / "input-metadata.json").read_text())
    return {key: entry["embeddings_vector"] for key, entry in entries.items()}


def expected(*names: str) -> dict[str, Any]:
    rows = dict(zip(FILES, VECTORS.astype("f4"), strict=True))
    return {image_hash(FILES[name]): pytest.approx(rows[name]) for name in names}


def test_every_picture_has_the_vector_that_stands_beside_its_path(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    done = run(embeddings, dataset)
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        [
            "folders 2 · members 3 = embedded 3",
            f"images 3 in {output}/input-metadata.json · tags 2",
            "vectors 3 = used 3 + of other pictures 0 + not finite 0",
            "seconds …",
        ],
    )
    assert vectors(output) == expected(*FILES)


def test_the_metadata_says_that_these_vectors_are_not_ours(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    run(embeddings, dataset, "--clip_model=ViT-L/14")
    [entry, *_] = json.loads((output / "input-metadata.json").read_text()).values()
    names = [entry[key] for key in ("embeddings_type", "model", "pretrained")]
    assert names == ["clip-retrieval", "ViT-L/14", "L2-normalised"]


@pytest.mark.parametrize("root", ["/gone/pictures", "/gone/pictures/", "old/pictures"])
def test_pictures_that_have_moved_are_found_by_the_root_of_their_paths(
    tmp_path: Path, dataset: Path, output: Path, root: str
) -> None:
    paths = [f"{root.rstrip('/')}/{name}" for name in FILES]
    write_part(tmp_path / "embeddings", "0", paths, VECTORS)
    assert run(tmp_path / "embeddings", dataset, f"--image_root={root}").exit_code == 0
    assert vectors(output) == expected(*FILES)


def test_pictures_in_an_archive_are_found_too(tmp_path: Path, output: Path) -> None:
    archive = tmp_path / "dataset.zip"
    archive.write_bytes(zipped(FILES))
    write_part(tmp_path / "embeddings", "0", [f"in/{name}" for name in FILES], VECTORS)
    assert run(tmp_path / "embeddings", archive, "--image_root=in").exit_code == 0
    assert vectors(output) == expected(*FILES)


def test_a_picture_without_a_vector_is_listed(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    (dataset / "dog" / "new.png").write_bytes(png(4))
    assert run(embeddings, dataset).exit_code == 3
    problems = (output / "input-problems.csv").read_text()
    assert "new.png,no_embedding,none of the imported vectors is this picture's" in problems
    assert vectors(output) == expected(*FILES)


def test_a_picture_without_a_vector_ends_a_strict_run(embeddings: Path, dataset: Path) -> None:
    (dataset / "dog" / "new.png").write_bytes(png(4))
    done = run(embeddings, dataset, "--strict")
    assert (done.exit_code, "new.png: no embedding" in done.stderr) == (1, True)
    assert run(embeddings, dataset).exit_code == 3


def test_vectors_of_other_pictures_and_such_as_are_not_finite_are_counted(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    paths = ["/elsewhere/1.png", str(dataset / "dog" / "1.png")]
    write_part(embeddings, "1", paths, np.array([[1, 0], [np.nan, 0]], np.float32))
    done = run(embeddings, dataset)
    assert "vectors 4 = used 2 + of other pictures 1 + not finite 1" in done.stdout
    assert vectors(output) == expected("cat/1.png", "cat/2.png")


def test_where_no_path_fits_one_sentence_says_what_was_looked_for(
    tmp_path: Path, dataset: Path
) -> None:
    write_part(tmp_path / "embeddings", "0", ["/gone/cat/1.png"], VECTORS[:1])
    done = run(tmp_path / "embeddings", dataset)
    assert done.exit_code == 1
    assert "the first is of /gone/cat/1.png" in done.stderr
    assert "--image_root" in done.stderr


def test_a_second_run_takes_the_vectors_of_now(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    run(embeddings, dataset)
    write_part(embeddings, "1", [str(dataset / "dog" / "1.png")], np.array([[0, 1.0]], "f4"))
    run(embeddings, dataset)
    assert vectors(output)[image_hash(png(3))] == [0.0, 1.0]
    (embeddings / "img_emb" / "img_emb_1.npy").unlink()
    (embeddings / "metadata" / "metadata_1.parquet").unlink()
    assert run(embeddings, dataset).exit_code == 3
    assert vectors(output) == expected("cat/1.png", "cat/2.png")


def test_stage_1_may_take_over_its_folder_again(
    embeddings: Path, dataset: Path, output: Path
) -> None:
    run(embeddings, dataset)
    done = command(
        "stage1/process_dataset.py",
        HERE,
        f"--input_folder={dataset}",
        f"--output_folder={output}",
        "--embedder=builtin",
    )
    assert (done.exit_code, len(vectors(output)[image_hash(png(3))])) == (0, 672)
    with sqlite3.connect(output / "dataset_cache.sqlite") as database:
        assert database.execute("SELECT DISTINCT fate FROM members").fetchall() == [("embedded",)]


def test_a_wrong_folder_is_refused_before_a_picture_is_read(
    tmp_path: Path, dataset: Path, output: Path
) -> None:
    done = run(tmp_path / "embeddings", dataset)
    assert (done.exit_code, output.exists()) == (1, False)
    assert "holds no img_emb/img_emb_0.npy" in done.stderr
