"""Paths of pictures as they were, and their addresses as they are."""

from pathlib import Path

import numpy as np
import pytest

from shared.flow import imported_vectors
from shared.flow.dataset import DatasetRequest, build_dataset
from shared.flow.imported_vectors import Imported
from shared.metadata.loading import load_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.progress import Silence
from shared.records import Limits
from shared.sources.source import dataset_source
from tests.clip_retrieval import write_part
from tests.worlds import image_hash, png, zipped

pytestmark = pytest.mark.slow

NAMES = ["a.png", "cat/1.png", "cat!/1.png", "50%/é.png", "x y/1.png"]
FILES = {name: png(shade) for shade, name in enumerate(NAMES)}
VECTORS = np.eye(len(NAMES), dtype=np.float16)


def imported(folder: Path, images: Path, root: str | None) -> list[str]:
    """Import for pictures; which of the names have got their own vector."""
    output = folder / "output"
    source = dataset_source(images, output)
    vectors = Imported(folder / "embeddings", images, root, "ViT-B/32")
    request = DatasetRequest(
        source, output, vectors, Limits(), tagged=True, n_workers=1, strict=False
    )
    build_dataset(request, Silence())
    metadata = load_metadata(request.metadata_files[0], output)
    rows = metadata.rows([image_hash(content) for content in FILES.values()])
    return [
        name
        for name, row, vector in zip(FILES, rows, VECTORS, strict=True)
        if row >= 0 and (metadata.vectors[row] == vector).all()
    ]


def written(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    images = written(tmp_path / "in")
    write_part(tmp_path / "embeddings", "0", [str(images / name) for name in NAMES], VECTORS)
    assert imported(tmp_path, images, None) == NAMES


def test_a_relative_path_begins_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = written(tmp_path / "in")
    write_part(tmp_path / "embeddings", "0", [f"in/{name}" for name in NAMES], VECTORS)
    monkeypatch.chdir(tmp_path)
    imported_vectors._real.cache_clear()
    assert imported(tmp_path, images, None) == NAMES


def test_a_link_to_the_folder_leads_to_the_pictures(tmp_path: Path) -> None:
    images = written(tmp_path / "in")
    (tmp_path / "link").symlink_to(images)
    paths = [str(tmp_path / "link" / name) for name in NAMES]
    write_part(tmp_path / "embeddings", "0", paths, VECTORS)
    assert imported(tmp_path, images, None) == NAMES


@pytest.mark.parametrize("root", ["", ".", "old", "/old/place/"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_root_is_replaced_by_the_folder_or_the_archive(
    tmp_path: Path, root: str, *, is_zip: bool
) -> None:
    images = tmp_path / "in"
    if is_zip:
        images.write_bytes(zipped(FILES))
    else:
        written(images)
    paths = [str(Path(root) / name) for name in NAMES]
    write_part(tmp_path / "embeddings", "0", paths, VECTORS)
    assert imported(tmp_path, images, root) == NAMES


@pytest.mark.parametrize("path", ["/old/../in/a.png", "/older/a.png", "/old/b/../a.png", "", "\0"])
def test_a_path_that_is_not_spelled_below_the_root_is_of_another_picture(
    tmp_path: Path, path: str
) -> None:
    images = written(tmp_path / "in")
    write_part(tmp_path / "embeddings", "0", [path, "/old/cat/1.png"], VECTORS[:2])
    assert imported(tmp_path, images, "/old") == ["cat/1.png"]


@pytest.mark.parametrize("path", ["\0/a.png", "a.png", "", "/" + "x" * 5000 + "/1.png", "//", "\n"])
def test_a_path_that_leads_nowhere_is_of_another_picture(tmp_path: Path, path: str) -> None:
    images = written(tmp_path / "in")
    write_part(tmp_path / "embeddings", "0", [path, str(images / "cat/1.png")], VECTORS[:2])
    assert imported(tmp_path, images, None) == ["cat/1.png"]


def test_after_an_import_an_earlier_dataset_is_as_it_was(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "x.png").write_bytes(png(99))
    output = tmp_path / "output"
    source = dataset_source(earlier, output)
    request = DatasetRequest(
        source, output, BuiltinEmbedder(), Limits(), tagged=True, n_workers=1, strict=False
    )
    before = build_dataset(request, Silence())
    images = written(tmp_path / "in")
    write_part(
        tmp_path / "embeddings", "0", [str(images / name) for name in NAMES[1:]], VECTORS[1:]
    )
    assert imported(tmp_path, images, None) == NAMES[1:]
    assert build_dataset(request, Silence()) == before
