import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from shared.errors import RunError
from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from shared.metadata.loading import load_metadata
from shared.records import Picture
from shared.replacing import UNFINISHED
from tests.shared.metadata.entry import DIGEST, ENTRY, HASH


def written(path: Path, *entries: MetadataEntry) -> dict[str, dict[str, object]]:
    write_metadata(path, entries)
    found: dict[str, dict[str, object]] = json.loads(path.read_bytes())
    return found


def test_an_entry_has_the_keys_of_the_format(tmp_path: Path) -> None:
    assert written(tmp_path / "m.json", ENTRY)[HASH] == {
        "hash_id": HASH,
        "file_path": "/data/cats/10.jpg",
        "file_name": "10.jpg",
        "file_type": "JPEG",
        "image_size_bytes": 119300,
        "file_sha256": DIGEST,
        "image_mode": "RGB",
        "image_resolution": [570, 639],
        "image_xsize": 570,
        "image_ysize": 639,
        "image_tags": ["cats", "not-pixel-art"],
        "embeddings_type": "CLIP",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "embeddings_vector": [0.1, -2.5],
    }


def test_each_entry_has_a_line(tmp_path: Path) -> None:
    written(tmp_path / "m.json", ENTRY, replace(ENTRY, hash_id="cd" * 64))
    lines = (tmp_path / "m.json").read_text().splitlines()
    assert [line[:6] for line in lines] == ["{", '"ababa', '"cdcdc', "}"]


@settings(max_examples=40, deadline=None)
@given(
    np_st.arrays(np.float32, 4, elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
)
def test_floats_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, vector: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    folder = tmp_path_factory.mktemp("floats")
    write_metadata(folder / "m.json", [replace(ENTRY, vector=vector)])
    assert load_metadata(folder / "m.json", folder).vectors.tobytes() == vector.tobytes()


def test_a_vector_may_be_a_column_of_a_matrix(tmp_path: Path) -> None:
    column = np.array([[0.1, 9], [-2.5, 9]], np.float32)[:, 0]
    entries = written(tmp_path / "m.json", replace(ENTRY, vector=column))
    assert entries[HASH]["embeddings_vector"] == [0.1, -2.5]


def test_what_is_written_tells_size_embedder_and_picture(tmp_path: Path) -> None:
    assert write_metadata(tmp_path / "m.json", [ENTRY]) == 1
    metadata = load_metadata(tmp_path / "m.json", tmp_path)
    assert metadata.resolutions(metadata.rows([HASH])).tolist() == [[570, 639]]
    assert metadata.embedder == ENTRY.embedder
    picture = Picture(HASH, "RGB", 570, 639, "JPEG")
    assert metadata.find_content([bytes.fromhex(DIGEST)]) == [picture]


@pytest.mark.parametrize("name", ['"}{\\', "é.png", "\0\n\x1b", "\u202egnp", "\udc80.png"])
def test_any_name_comes_back(tmp_path: Path, name: str) -> None:
    entries = written(tmp_path / "m.json", replace(ENTRY, file_name=name, tags=(name,)))
    assert (entries[HASH]["file_name"], entries[HASH]["image_tags"]) == (name, [name])
    assert load_metadata(tmp_path / "m.json", tmp_path).n_images == 1


def test_no_entries_are_an_empty_object(tmp_path: Path) -> None:
    assert written(tmp_path / "m.json") == {}


def test_entries_are_taken_one_by_one(tmp_path: Path) -> None:
    taken: list[int] = []

    def entries() -> Iterator[MetadataEntry]:
        for n in range(3):
            taken.append((tmp_path / f"{UNFINISHED}m.json").stat().st_size)
            yield replace(ENTRY, hash_id=f"{n:0128x}", tags=("x" * 200_000,))

    assert write_metadata(tmp_path / "m.json", entries()) == 3
    assert taken == sorted(set(taken))


def test_an_error_in_the_midst_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text("old")

    def entries() -> Iterator[MetadataEntry]:
        yield ENTRY
        raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        write_metadata(path, entries())
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.json", "old")]


def test_an_os_error_of_the_caller_is_the_callers(tmp_path: Path) -> None:
    def entries() -> Iterator[MetadataEntry]:
        yield ENTRY
        raise OSError("the caller's own")

    with pytest.raises(OSError, match="own"):
        write_metadata(tmp_path / "m.json", entries())


def test_a_place_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path, cause in [("missing/m.json", "No such file"), ("folder", "Is a directory")]:
        with pytest.raises(RunError, match=f"cannot be written: {cause}"):
            write_metadata(tmp_path / path, [ENTRY])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
