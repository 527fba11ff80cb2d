import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.errors import RunError
from shared.metadata import parquet as reader
from shared.metadata.arrays import BAD
from shared.metadata.formats import iter_paths
from shared.metadata.loading import Metadata, load_metadata
from tests.fuzz.mutations import mutations

KEYS = ["a", "b", "c"]
VECTORS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
Load: TypeAlias = Callable[..., Metadata]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "m.parquet"


@pytest.fixture
def load(path: Path, tmp_path: Path) -> Load:
    """Load a file of these bytes, or of a table, into vectors that are kept nowhere."""

    def load(content: bytes | pa.Table) -> Metadata:
        path.write_bytes(content if isinstance(content, bytes) else packed(content))
        return load_metadata(path, tmp_path / "cache")

    return load


@contextmanager
def measured() -> Iterator[pa.MemoryPool]:
    """What pyarrow takes memory from meanwhile; nobody else does, so the peak is of here."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    yield pa.system_memory_pool()
    pa.set_memory_pool(before)


def packed(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def table(vectors: object = VECTORS, keys: object = KEYS, **columns: object) -> pa.Table:
    return pa.table({"hash_id": keys, "embeddings_vector": vectors} | columns)


def half(numbers: list[float]) -> list[np.float16]:
    return [np.float16(number) for number in numbers]


KINDS = {
    "float64": pa.array(VECTORS),
    "float32": pa.array(VECTORS, pa.list_(pa.float32())),
    "float16": pa.array([half(one) for one in VECTORS], pa.list_(pa.float16())),
    "integers": pa.array([[1, 2], [3, 4], [5, 6]]),
    "large lists": pa.array(VECTORS, pa.large_list(pa.float32())),
    "lists of fixed size": pa.array(VECTORS, pa.list_(pa.float32(), 2)),
    "float64 of fixed size": pa.array(VECTORS, pa.list_(pa.float64(), 2)),
    "float16 of fixed size": pa.array([half(one) for one in VECTORS], pa.list_(pa.float16(), 2)),
}


@pytest.mark.parametrize("vectors", KINDS.values(), ids=KINDS)
def test_any_list_of_numbers_is_a_vector(load: Load, vectors: pa.Array) -> None:
    assert load(table(vectors)).vectors.tolist() == VECTORS


TEXTS = [pa.array(KEYS, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]
DICTIONARIES = [text.dictionary_encode() for text in TEXTS[:2]]


@pytest.mark.parametrize("keys", [*TEXTS, *DICTIONARIES], ids=lambda keys: str(keys.type))
def test_any_text_is_a_key(load: Load, keys: pa.Array) -> None:
    assert load(table(keys=keys)).rows(KEYS).tolist() == [0, 1, 2]


# Vectors of "a" beside the good ones of "b" and "c": what is said of it, as of the same JSON.
FLAWS = {
    "null": (None, "entry has no embeddings_vector"),
    "empty": ([], "vector is empty"),
    "null within": ([None, 2.0], "vector holds null, numbers are needed"),
    "NaN": ([float("nan"), 2.0], "vector holds NaN"),
    "infinite": ([float("-inf"), 2.0], "vector holds an infinite number"),
    "1e39": ([1e39, 2.0], "vector holds a number too large for float32"),
    "too short": ([1.0], "vector has 1 numbers, 2 are needed"),
}


@pytest.mark.parametrize(("vector", "reason"), FLAWS.values(), ids=FLAWS)
def test_a_bad_vector_costs_its_entry_alone(
    load: Load, vector: list[float] | None, reason: str
) -> None:
    metadata = load(table([vector, *VECTORS[1:]]))
    assert metadata.rows(KEYS).tolist() == [BAD, 0, 1]
    assert metadata.bad_reason("a") == reason


def test_a_null_among_lists_of_fixed_size_costs_its_entry_alone(load: Load) -> None:
    vectors = pa.array([None, *VECTORS[1:]], pa.list_(pa.float32(), 2))
    assert load(table(vectors)).rows(KEYS).tolist() == [BAD, 0, 1]


def test_of_equal_keys_the_last_one_counts(load: Load) -> None:
    metadata = load(table(keys=["a", "b", "a"]))
    assert metadata.vectors[metadata.rows(["a", "b"])].tolist() == [[5, 6], [3, 4]]


@pytest.mark.parametrize("column", ["embeddings_type", "model", "pretrained", "weights_sha256"])
def test_two_files_of_two_embedders_cannot_be_joined_unnoticed(
    path: Path, load: Load, column: str
) -> None:
    for name in ("1", "2"):
        one = table(keys=[f"{key}{name}" for key in KEYS], **{column: [name * 64] * 3})
        parquet.write_table(one, path.with_name(name))
    both = f"FROM read_parquet(['{path.parent}/1', '{path.parent}/2'])"
    duckdb.execute(f"COPY ({both}) TO '{path}' (FORMAT parquet)")
    with pytest.raises(RunError, match="mixes vectors of two embedders"):
        load(path.read_bytes())


def test_facts_of_another_type_are_passed_over(load: Load) -> None:
    facts = {"model": [1, 2, 3], "image_xsize": ["3"] * 3, "file_sha256": [["0"]] * 3}
    metadata = load(table(**facts))
    assert (metadata.n_images, metadata.embedder) == (3, None)


def test_a_size_is_read_from_its_two_sides(load: Load) -> None:
    metadata = load(table(image_xsize=[3, 4, None], image_ysize=[5, 6, 7]))
    assert metadata.resolutions(metadata.rows(KEYS)).tolist() == [[3, 5], [4, 6], [0, 0]]


@pytest.mark.parametrize("names", [["a", "hash_id", "b"], ["embeddings_vector.x", "hash_id.x"]])
def test_columns_may_stand_in_any_order_among_others(load: Load, names: list[str]) -> None:
    own = table(model=["x"] * 3, image_xsize=[3] * 3, image_ysize=[4] * 3, **{"hash_id.x": KEYS})
    for name in names:
        if name not in own.column_names:
            own = own.append_column(name, [[[9.0]] * 3])
    for columns in (sorted(own.column_names), sorted(own.column_names, reverse=True)):
        metadata = load(own.select(columns))
        assert metadata.vectors[metadata.rows(KEYS)].tolist() == VECTORS
        assert (str(metadata.embedder), metadata.resolutions(np.array([0])).tolist()) == (
            "x",
            [[3, 4]],
        )


def test_what_pandas_makes_of_a_json_is_read(load: Load, path: Path) -> None:
    entries = {key: {"embeddings_vector": v} for key, v in zip(KEYS, VECTORS, strict=True)}
    frame = pd.DataFrame.from_dict(entries, orient="index").rename_axis("hash_id").reset_index()
    frame.to_parquet(path)
    assert load(path.read_bytes()).vectors.tolist() == VECTORS


def unencodable() -> pa.Table:
    keys = pa.array([b"a", b"\xff", b"c"])
    return table(keys=pa.StringArray.from_buffers(3, *keys.buffers()[1:]))


GOOD = packed(table())
REFUSED: dict[str, tuple[bytes | pa.Table, str]] = {
    "cut off": (GOOD[:-20], "is damaged Parquet: Parquet magic bytes not found in footer"),
    "the magic alone": (b"PAR1", "is damaged Parquet: "),
    "no footer": (b"PAR1\0\0\0\0PAR1", "is damaged Parquet: "),
    "an endless footer": (b"PAR1" + b"\xff" * 4 + b"PAR1", "is damaged Parquet: "),
    "empty": (b"", "is empty"),
    "JSON": (b"{}", "is named .parquet, but is no Parquet file"),
    "a web page": (b"<html>", "is a web page"),
    "a Git-LFS pointer": (b"version https://git-lfs.github.com", "is a Git-LFS pointer"),
    "no vectors": (pa.table({"hash_id": KEYS}), "has no column embeddings_vector, one is needed"),
    "no keys": (pa.table({"embeddings_vector": VECTORS}), "has no column hash_id"),
    "two columns of keys": (
        pa.Table.from_arrays([KEYS, KEYS, VECTORS], ["hash_id", "hash_id", "embeddings_vector"]),
        "has 2 columns hash_id",
    ),
    "integers for keys": (table(keys=[1, 2, 3]), "column hash_id holds int64, text is needed"),
    "a null for a key": (table(keys=["a", None, "c"]), "row 2 has no hash_id"),
    "keys that are no UTF-8": (unencodable(), "is damaged Parquet: a text is not UTF-8"),
    "texts in vectors": (
        table([["1"]] * 3),
        "embeddings_vector holds list<element: string>, lists",
    ),
    "booleans in vectors": (table([[True]] * 3), "holds list<element: bool>, lists of numbers are"),
    "numbers for vectors": (table([1.0] * 3), "holds double, lists of numbers are needed"),
    "no rows": (table().slice(0, 0), "none of its 0 entries has a usable vector"),
    "no usable vector": (table([[float("nan")]] * 3), "(vector holds NaN)"),
    "vectors of no width": (
        table(pa.array([], pa.list_(pa.float32(), 0)), pa.array([], pa.string())),
        "fixed_size_list<element: float>[0], lists of numbers are needed",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_an_unusable_file_is_refused_in_one_sentence_and_leaves_no_trace(
    load: Load, path: Path, content: bytes | pa.Table, sentence: str
) -> None:
    with pytest.raises(RunError) as caught:
        load(content)
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()
    assert list(path.parent.iterdir()) == [path]


def test_a_flipped_bit_in_a_vector_that_stage_1_wrote_is_noticed(load: Load) -> None:
    content = bytearray(packed(table(KINDS["lists of fixed size"]), write_page_checksum=True))
    content[content.find(np.float32(6).tobytes())] ^= 1
    with pytest.raises(RunError, match="CRC checksum verification failed"):
        load(bytes(content))


# A few thousand bytes that say that they are much.
BOMBS = {
    "many rows": (2**23, "a", 1, "unpacks to 64 MiB, far more than its size allows"),
    "a wide vector": (1, "a", 2**22 + 1, "an entry is longer than 16 MiB"),
    "a long text": (40, "a" * 2**20, 1, "column hash_id holds texts of more than"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_small_file_does_not_become_large_in_memory(
    load: Load, monkeypatch: pytest.MonkeyPatch, bomb: tuple[int, str, int, str]
) -> None:
    n_rows, key, width, sentence = bomb
    monkeypatch.setattr(reader, "FREE_BYTES", 2**25)
    numbers = pa.array(np.zeros(n_rows * width, "f4"))
    vectors = pa.FixedSizeListArray.from_arrays(numbers, width)
    keys = pa.DictionaryArray.from_arrays(np.zeros(n_rows, np.int8), [key])
    with pytest.raises(RunError, match=sentence):
        load(packed(table(vectors, keys), compression="zstd"))


def test_damaged_files_load_or_are_refused(load: Load) -> None:
    fates: Counter[str] = Counter()
    for seed in range(150):
        try:
            load(b"PAR1" + mutations(GOOD, seed)[4:])
            fates["loaded"] += 1
        except RunError:
            fates["refused"] += 1
    assert sum(fates.values()) == 150


def test_memory_does_not_grow_with_the_file(load: Load) -> None:
    peaks = []
    for n_rows in (2_000, 20_000):
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(64 * n_rows, "f4")), 64)
        keys = pa.array(f"{number:0128x}" for number in range(n_rows))
        content = packed(table(vectors, keys), row_group_size=1_000, use_dictionary=False)
        with measured() as pool:
            load(content)
        peaks.append(pool.max_memory())
    assert 0 < peaks[1] < 1.2 * peaks[0]


def test_paths_are_read_from_it_too(path: Path) -> None:
    path.write_bytes(packed(table(file_path=["/1", None, "/3"])))
    assert list(iter_paths(path)) == [("a", "/1"), ("b", ""), ("c", "/3")]
