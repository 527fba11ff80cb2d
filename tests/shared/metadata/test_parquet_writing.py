from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from pyarrow import parquet

from shared.errors import RunError
from shared.metadata import parquet as writer
from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from shared.metadata.loading import load_metadata
from shared.records import EmbedderName, Picture
from tests.shared.metadata import entry
from tests.shared.metadata.entry import HASH

ENTRY = replace(
    entry.ENTRY, embedder=EmbedderName("CLIP", "ViT-B-32", "openai", "23" * 32, "bfloat16")
)
ROW = {
    "hash_id": HASH,
    "file_path": "/data/cats/10.jpg",
    "file_name": "10.jpg",
    "file_type": "JPEG",
    "image_size_bytes": 119300,
    "file_sha256": "01" * 32,
    "image_mode": "RGB",
    "image_xsize": 570,
    "image_ysize": 639,
    "image_tags": ["cats", "not-pixel-art"],
    "embeddings_type": "CLIP",
    "model": "ViT-B-32",
    "pretrained": "openai",
    "weights_sha256": "23" * 32,
    "precision": "bfloat16",
    "embeddings_vector": [float(np.float32(0.1)), -2.5],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.parquet"


def entries(n_entries: int, n_features: int = 2) -> Iterator[MetadataEntry]:
    rng = np.random.default_rng(0)
    for number in range(n_entries):
        vector = rng.normal(size=n_features).astype("f4")
        yield replace(ENTRY, hash_id=f"{number:0128x}", vector=vector)


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "pyarrow": lambda path: dict(parquet.read_table(path).to_pylist()[0]),
    "pandas": lambda path: dict(pd.read_parquet(path).iloc[0]),
    "DuckDB": lambda path: dict(duckdb.execute(f"FROM '{path}'").df().iloc[0]),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_other_tools_find_the_keys_of_the_json_as_columns(
    path: Path, read: Callable[[Path], dict[str, Any]]
) -> None:
    assert write_metadata(path, [ENTRY]) == 1
    row = read(path)
    assert {k: v if isinstance(v, str) else np.asarray(v).tolist() for k, v in row.items()} == ROW


def test_a_vector_is_a_list_of_fixed_size(path: Path) -> None:
    write_metadata(path, [ENTRY])
    kind = parquet.read_schema(path).field("embeddings_vector").type
    assert (kind.list_size, kind.value_type) == (2, pa.float32())


@settings(max_examples=40, deadline=None)
@given(
    np_st.arrays(np.float32, 4, elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
)
def test_floats_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, vector: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    folder = tmp_path_factory.mktemp("floats")
    write_metadata(folder / "m.parquet", [replace(ENTRY, vector=vector)])
    assert load_metadata(folder / "m.parquet", folder).vectors.tobytes() == vector.tobytes()


def test_all_that_is_told_is_the_same_as_in_json(path: Path, tmp_path: Path) -> None:
    digests = set()
    for one in (path, path.with_suffix(".json")):
        write_metadata(one, entries(20))
        digests.add(load_metadata(one, tmp_path).digest)
    assert len(digests) == 1


def test_what_is_written_tells_size_embedder_and_picture(path: Path, tmp_path: Path) -> None:
    write_metadata(path, [ENTRY])
    metadata = load_metadata(path, tmp_path)
    assert metadata.resolutions(metadata.rows([HASH])).tolist() == [[570, 639]]
    assert metadata.embedder == ENTRY.embedder
    picture = Picture(HASH, "RGB", 570, 639, "JPEG")
    assert metadata.find_content([b"\x01" * 32]) == [picture]


def test_no_weights_are_null(path: Path) -> None:
    write_metadata(path, [replace(ENTRY, embedder=EmbedderName("builtin", "1", ""))])
    [row] = parquet.read_table(path).to_pylist()
    assert (row["weights_sha256"], row["pretrained"]) == (None, "")


def test_the_same_entries_give_the_same_bytes(path: Path) -> None:
    contents = set()
    for _ in range(2):
        write_metadata(path, entries(300))
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_row_groups_are_bounded_by_rows_and_by_numbers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GROUP_ROWS", 4)
    monkeypatch.setattr(writer, "GROUP_NUMBERS", 6)
    for n_features, sizes in ((1, [4, 4, 2]), (3, [2] * 5)):
        write_metadata(path, entries(10, n_features))
        facts = parquet.read_metadata(path)
        assert [facts.row_group(at).num_rows for at in range(facts.num_row_groups)] == sizes


@pytest.mark.parametrize("name", ["é.png", "\0\n\x1b", "\u202egnp"])
def test_any_name_comes_back(path: Path, name: str) -> None:
    write_metadata(path, [replace(ENTRY, file_name=name, tags=(name,))])
    [row] = parquet.read_table(path).to_pylist()
    assert (row["file_name"], row["image_tags"]) == (name, [name])


def test_a_name_that_utf_8_cannot_hold_is_spelled_out(path: Path) -> None:
    write_metadata(path, [replace(ENTRY, file_name="\udc80.png", tags=("\udc80",))])
    [row] = parquet.read_table(path).to_pylist()
    assert (row["file_name"], row["image_tags"]) == (r"\udc80.png", [r"\udc80"])


def test_no_entries_are_a_file_without_rows(path: Path) -> None:
    assert write_metadata(path, []) == 0
    assert parquet.read_table(path).num_rows == 0


@pytest.mark.parametrize("error", [KeyError("own"), OSError("own")])
def test_an_error_of_the_caller_is_the_callers_and_keeps_the_old_file(
    path: Path, error: Exception
) -> None:
    path.write_text("old")

    def failing() -> Iterator[MetadataEntry]:
        yield from entries(10_000, 1)
        raise error

    with pytest.raises(type(error), match="own"):
        write_metadata(path, failing())
    assert [(p.name, p.read_text()) for p in path.parent.iterdir()] == [("m.parquet", "old")]


def test_a_full_disk_ends_the_run_and_leaves_nothing(path: Path) -> None:
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(RunError, match=r"cannot be written: File too large"):
            write_metadata(path, entries(2_000, 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(path.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written: No such file"):
        write_metadata(tmp_path / "missing" / "m.parquet", [ENTRY])
