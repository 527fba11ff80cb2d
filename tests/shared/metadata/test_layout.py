import io
from dataclasses import replace

import numpy as np
import pytest

from shared.metadata.layout import (
    ALIGNMENT_BYTES,
    HEADER_BYTES,
    Arrays,
    Counts,
    arrays_in,
    checksum,
    write_arrays,
)

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
