import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metadata.arrays import (
    ALIGNMENT_BYTES,
    HEADER_BYTES,
    Arrays,
    Counts,
    arrays_in,
    checksum,
    equals_next,
    key_digest,
    positions,
    sorting,
    words,
    write_arrays,
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


COUNTS = Counts(n_images=3, n_features=5, n_keys=4, n_pictures=2)


def filled(counts: Counts) -> Arrays:
    return {
        name: (np.arange(np.prod(shape)) + n).astype("u1").reshape(shape).astype(dtype)
        if dtype.names is None
        else np.frombuffer(bytes(range(dtype.itemsize)) * shape[0], dtype)
        for n, (name, (dtype, shape)) in enumerate(counts.shapes().items())
    }


def written(counts: Counts, after_vectors: bytes = b"") -> tuple[io.BytesIO, Arrays]:
    arrays = filled(counts)
    file = io.BytesIO()
    file.write(bytes(HEADER_BYTES) + arrays["vectors"].tobytes() + after_vectors)
    write_arrays(file, counts, arrays)
    return file, arrays


@pytest.mark.parametrize("after_vectors", [b"", b"superseded" * 1000])
def test_arrays_are_read_as_they_were_written(after_vectors: bytes) -> None:
    file, arrays = written(COUNTS, after_vectors)
    found = arrays_in(file.getbuffer(), COUNTS)
    assert {n: a.tobytes() for n, a in found.items()} == {n: a.tobytes() for n, a in arrays.items()}


def test_the_file_is_as_long_as_the_counts_say() -> None:
    assert len(written(COUNTS)[0].getvalue()) == COUNTS.n_bytes()


def test_every_array_is_aligned() -> None:
    file, _ = written(COUNTS)
    found = arrays_in(file.getbuffer(), COUNTS)
    start = found["vectors"].ctypes.data - HEADER_BYTES
    assert {(array.ctypes.data - start) % ALIGNMENT_BYTES for array in found.values()} == {0}


@pytest.mark.parametrize("count", ["n_images", "n_features", "n_keys", "n_pictures"])
@pytest.mark.parametrize("value", [-1, 1.0, "1", None])
def test_counts_are_numbers_from_zero(count: str, value: object) -> None:
    assert COUNTS.are_possible()
    assert not replace(COUNTS, **{count: value}).are_possible()  # type: ignore[arg-type]


@pytest.mark.parametrize("count", ["n_images", "n_features"])
def test_there_is_at_least_one_number(count: str) -> None:
    assert not replace(COUNTS, **{count: 0}).are_possible()


def test_the_checksum_notices_any_changed_byte() -> None:
    content = written(COUNTS)[0].getvalue()
    unnoticed = []
    for at in range(HEADER_BYTES, len(content)):
        changed = bytearray(content)
        changed[at] ^= 0x80
        if checksum(io.BytesIO(changed)) == checksum(io.BytesIO(content)):
            unnoticed.append(at)
    assert unnoticed == []
