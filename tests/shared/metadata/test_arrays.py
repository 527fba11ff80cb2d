from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metadata.arrays import (
    equals_next,
    key_digest,
    positions,
    read_array,
    read_header,
    sorting,
    words,
)

few_words = st.lists(st.tuples(*[st.sampled_from([0, 1, 2**64 - 1])] * 2))


def columns(pairs: list[tuple[int, ...]]) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    return np.array(pairs, np.uint64).reshape(-1, 2).T.copy()


@settings(max_examples=100, deadline=None)
@given(few_words, few_words)
def test_positions_are_those_of_a_dictionary_even_where_first_words_are_shared(
    keys: list[tuple[int, ...]], wanted: list[tuple[int, ...]]
) -> None:
    unique = sorted(set(keys))
    places = {key: place for place, key in enumerate(unique)}
    found = positions(columns(unique), columns(wanted))
    assert found.tolist() == [places.get(key, -1) for key in wanted]


@settings(max_examples=50, deadline=None)
@given(few_words)
def test_sorting_is_by_all_words_and_keeps_the_order_of_equals(keys: list[tuple[int, ...]]) -> None:
    expected = sorted(range(len(keys)), key=lambda place: keys[place])
    assert sorting(columns(keys)).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(few_words)
def test_a_column_equals_the_next_where_the_pairs_do(keys: list[tuple[int, ...]]) -> None:
    ordered = sorted(keys)
    expected = [a == b for a, b in zip(ordered, [*ordered[1:], None], strict=False)]
    assert equals_next(columns(ordered)).tolist() == expected


def test_words_are_the_digests_from_top_to_bottom() -> None:
    digests = [bytes(range(16)), bytes(16)]
    assert words(digests, 2).T.tobytes() == b"".join(digests)


def test_no_digests_are_no_columns() -> None:
    assert words([], 4).shape == (4, 0)


def test_any_text_is_a_key_and_case_counts() -> None:
    keys = ["", "ab", "AB", "\udc80", "\0", "é", "e\u0301", "x" * 10_000]
    assert len({key_digest(key) for key in keys}) == len(keys)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "arrays"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3), "<f4"),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
        np.array(5, "u1"),
        np.zeros(2, [("hash", "V64"), ("mode", "S8"), ("width", "<i4")]),
    ],
    ids=["empty", "other byte order", "by column", "one number", "records"],
)
def test_an_array_is_read_as_numpy_wrote_it(path: Path, array: np.ndarray[Any, Any]) -> None:
    with path.open("w+b") as file:
        for _ in range(2):
            np.lib.format.write_array(file, array, allow_pickle=False)
        file.seek(0)
        for _ in range(2):
            found = read_array(file)
            assert (found.dtype, found.tolist()) == (array.dtype, array.tolist())


def test_a_header_tells_the_size_of_what_follows(path: Path) -> None:
    np.save(path.with_suffix(".npy"), np.ones((3, 5), "<f2"))
    with path.with_suffix(".npy").open("rb") as file:
        header = read_header(file)
        assert (header.shape, header.n_bytes, len(file.read())) == ((3, 5), 30, 30)


def written(words: str, n_bytes: int = 100) -> bytes:
    text = words.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(n_bytes)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"image vectors 1\n",
        written("{'descr': ("),
        written("{1: 2, 'descr': '<f4', 'fortran_order': False}"),
        written("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
        written("{'descr': '<f4', 'fortran_order': False, 'shape': (26,)}"),
        written("{'descr': '<f4', 'fortran_order': False, 'shape': (2**70,)}"),
        written(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**70},)}}"),
        written("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"),
        written("{'descr': 'no type', 'fortran_order': False, 'shape': (1,)}"),
        written("(" * 5000),
        written("[" * 9000 + "]" * 900),
    ],
)
def test_what_is_no_array_or_more_than_the_file_holds_is_one_error(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with path.open("rb") as file, pytest.raises(ValueError):  # noqa: PT011 - all of them mean the same
        read_array(file)
