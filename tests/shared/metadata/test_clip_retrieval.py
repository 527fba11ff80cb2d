import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shared.errors import RunError
from shared.metadata import clip_retrieval, formats
from shared.metadata.clip_retrieval import check_vectors, iter_vectors
from tests.clip_retrieval import write_part

ROWS = np.array([[0.5, 1.0], [0.25, -1.0], [0.0, 3.0]])


def read(folder: Path) -> list[tuple[str, list[float]]]:
    return [(path, vector.tolist()) for path, vector in iter_vectors(folder)]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4"])
def test_each_path_has_its_row_of_the_array(tmp_path: Path, kind: str) -> None:
    write_part(tmp_path, "0", ["a", "b", "c"], ROWS.astype(kind))
    assert read(tmp_path) == [("a", [0.5, 1]), ("b", [0.25, -1]), ("c", [0, 3])]


def test_vectors_are_float32(tmp_path: Path) -> None:
    write_part(tmp_path, "0", ["a"], ROWS[:1].astype("f2"))
    assert [vector.dtype for _, vector in iter_vectors(tmp_path)] == [np.float32]


def test_a_number_too_large_for_float32_is_infinite(tmp_path: Path) -> None:
    write_part(tmp_path, "0", ["a"], np.array([[1e39, 1.0]]))
    assert read(tmp_path) == [("a", [float("inf"), 1])]


def test_an_array_that_is_kept_column_by_column_is_read_too(tmp_path: Path) -> None:
    write_part(tmp_path, "0", ["a", "b", "c"], np.asfortranarray(ROWS))
    assert read(tmp_path) == [("a", [0.5, 1]), ("b", [0.25, -1]), ("c", [0, 3])]


def test_an_array_that_is_cut_short_while_it_is_read_ends_the_run_and_not_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_retrieval, "BLOCK_NUMBERS", 2048)
    write_part(tmp_path, "0", list(map(str, range(10_000))), np.ones((10_000, 2)))
    vectors = iter_vectors(tmp_path)
    next(vectors)
    os.truncate(tmp_path / "img_emb" / "img_emb_0.npy", 100_000)
    with pytest.raises(RunError, match="is no array that can be read"):
        list(vectors)


def test_parts_follow_one_another(tmp_path: Path) -> None:
    for part, name, row in (("01", "b", 1), ("00", "a", 0), ("10", "c", 2)):
        write_part(tmp_path, part, [name], ROWS[row : row + 1])
    assert [path for path, _ in read(tmp_path)] == ["a", "b", "c"]


def test_columns_of_ones_own_may_stand_beside(tmp_path: Path) -> None:
    write_part(tmp_path, "0", ["a"], ROWS[:1])
    frame = pd.DataFrame({"caption": [""], "image_path": ["x"], "hash": [5], "url": [None]})
    frame.to_parquet(tmp_path / "metadata" / "metadata_0.parquet")
    assert read(tmp_path) == [("x", [0.5, 1])]


def vectors_of(content: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        np.save(folder / "img_emb" / "img_emb_0.npy", np.asarray(content))

    return spoil


def cut(folder: Path) -> None:
    path = folder / "img_emb" / "img_emb_0.npy"
    path.write_bytes(path.read_bytes()[:-8])


def pickled(folder: Path) -> None:
    objects = np.array([[{}, {}]], object)
    np.save(folder / "img_emb" / "img_emb_0.npy", objects, allow_pickle=True)


def header(words: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "img_emb" / "img_emb_0.npy"
        content = path.read_bytes()
        path.write_bytes(content[:10] + words.encode().ljust(117) + b"\n" + content[128:])

    return spoil


def other_width(folder: Path) -> None:
    write_part(folder, "1", ["d"], np.ones((1, 3)))


def no_paths(folder: Path) -> None:
    frame = pd.DataFrame({"url": ["a", "b", "c"]})
    frame.to_parquet(folder / "metadata" / "metadata_0.parquet")


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no parts": (lambda f: (f / "img_emb" / "img_emb_0.npy").unlink(), "holds no img_emb/img_emb"),
    "half a part": (
        lambda f: (f / "metadata" / "metadata_0.parquet").unlink(),
        "img_emb_0.npy: has no counterpart",
    ),
    "a short array": (vectors_of(ROWS[:2]), "has 3 rows for 2 vectors in img_emb_0.npy"),
    "a long array": (vectors_of([*ROWS, *ROWS]), "has 3 rows for 6 vectors"),
    "one row of numbers": (vectors_of([1.0, 2.0, 3.0]), "holds float64 of shape (3,), rows of"),
    "integers": (vectors_of([[1], [2], [3]]), "holds int64 of shape (3, 1), rows of floats"),
    "an array cut off": (cut, "img_emb_0.npy: is no array that can be read: "),
    "pickled objects": (pickled, "img_emb_0.npy: is no array that can be read: "),
    "a header that is no Python": (header("{'descr': ("), "img_emb_0.npy: is no array that can be"),
    "a header with odd numbers": (
        header("{'descr': '<f2', 'fortran_order': False, 'shape': (03, 2)}"),
        "img_emb_0.npy: is no array that can be read: ",
    ),
    "a shape beyond measure": (
        header("{'descr': '<f2', 'fortran_order': False, 'shape': (2000000000000000000000, 2)}"),
        "img_emb_0.npy: is no array that can be read: ",
    ),
    "no array": (
        lambda f: (f / "img_emb" / "img_emb_0.npy").write_bytes(b"<html>"),
        "is no array that can be read: ",
    ),
    "an empty file": (
        lambda f: (f / "img_emb" / "img_emb_0.npy").write_bytes(b""),
        "is no array that can be read: ",
    ),
    "parts of two widths": (other_width, "has vectors of 3 numbers, other parts of 2"),
    "no paths": (no_paths, "metadata_0.parquet: has no column image_path, one is needed"),
    "no table": (
        lambda f: (f / "metadata" / "metadata_0.parquet").write_bytes(b"PAR1"),
        "metadata_0.parquet: is damaged Parquet",
    ),
    "an empty table": (
        lambda f: (f / "metadata" / "metadata_0.parquet").write_bytes(b""),
        "metadata_0.parquet: ",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), SPOILT.values(), ids=SPOILT)
def test_a_folder_of_another_layout_is_refused_in_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    write_part(tmp_path, "0", ["a", "b", "c"], ROWS)
    spoil(tmp_path)
    with pytest.raises(RunError) as caught:
        read(tmp_path)
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_look_at_the_parts_finds_what_is_missing_and_reads_no_table(tmp_path: Path) -> None:
    write_part(tmp_path, "0", ["a", "b", "c"], ROWS)
    (tmp_path / "metadata" / "metadata_0.parquet").write_bytes(b"PAR1")
    check_vectors(tmp_path)
    other_width(tmp_path)
    with pytest.raises(RunError, match="has vectors of 3 numbers"):
        check_vectors(tmp_path)


def test_without_pyarrow_the_folder_is_not_to_blame_and_json_is_no_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(RunError) as caught:
        check_vectors(tmp_path)
    assert str(tmp_path) not in str(caught.value)
    assert caught.value.remedy == "Run: pip install -r requirements-parquet.txt."
