"""Arrays come back as they were written: dtype, shape, order, byte order, padding or none."""

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from shared.classifiers.pickles.arrays import StoredArray
from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.stream import RefusedError
from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.samples import dumped, dumped_before_joblib_1_2

WRITERS: dict[str, Callable[[object], bytes]] = {
    "joblib": dumped,
    "joblib before 1.2": dumped_before_joblib_1_2,
    "joblib, protocol 2": partial(dumped, protocol=2),
    **{f"pickle, {number}": partial(pickle.dumps, protocol=number) for number in range(2, 6)},
}
CODES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
ARRAYS = npst.arrays(
    st.sampled_from([np.dtype(order + code) for code in CODES for order in "<>"]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


def _read(content: bytes) -> StoredArray:
    found = contents(content)
    assert isinstance(found, StoredArray)
    return found


@given(ARRAYS, st.sampled_from(sorted(WRITERS)), st.booleans())
@settings(max_examples=150, deadline=None)
def test_an_array_comes_back_as_it_was_written(
    array: NDArray[Any], writer: str, is_fortran: bool
) -> None:
    ordered = np.asfortranarray(array) if is_fortran and array.ndim else array
    found = _read(WRITERS[writer](ordered))
    assert found.shape == array.shape
    np.testing.assert_array_equal(found.numbers(), array)


@pytest.mark.parametrize("writer", WRITERS)
def test_two_arrays_behind_each_other_keep_their_own_bytes(writer: str) -> None:
    first, second = np.arange(5.0), np.arange(7, dtype=np.int16)
    found: Any = contents(WRITERS[writer]([first, "between", second, first]))
    numbers = [item.numbers().tolist() for item in found if item != "between"]
    assert numbers == [first.tolist(), second.tolist(), first.tolist()]


@pytest.mark.parametrize("writer", WRITERS)
def test_an_array_of_objects_keeps_its_items_as_a_list(writer: str) -> None:
    found = _read(WRITERS[writer](np.array(["a", 2, None], object)))
    assert (found.shape, found.data) == ((3,), ["a", 2, None])


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("dtype", ["U3", "S3"])
def test_an_array_of_text_is_kept_as_bytes(writer: str, dtype: str) -> None:
    array = np.array(["cat", "é" if dtype == "U3" else "e"], dtype)
    found = _read(WRITERS[writer](array))
    assert isinstance(found.data, bytes | memoryview)
    assert bytes(found.data) == array.tobytes()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("value", [True, -7, 2.5, "é\U0001f600", b"ab"])
@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_scalar_is_a_plain_value(value: object, order: str, protocol: int) -> None:
    dtype = np.array(value).dtype.newbyteorder(order)  # type: ignore[arg-type]
    assert contents(pickle.dumps(np.array(value, dtype)[()], protocol)) == value


@pytest.mark.parametrize("code", ["U2", "S2", "O8"])
def test_text_and_objects_are_no_numbers(code: str) -> None:
    items: list[Any] = ["a"]
    with pytest.raises(RefusedError, match=f"an array of {code} where numbers are needed"):
        _read(pickle.dumps(np.array(items, code))).numbers()


def test_an_array_whose_data_never_came_has_no_numbers() -> None:
    reconstruct = p.name("numpy.core.multiarray", "_reconstruct")
    unfilled = p.called(reconstruct, p.name("numpy", "ndarray"), p.several(b"K\0"), p.data(b"b"))
    with pytest.raises(RefusedError, match="where numbers are needed"):
        _read(p.pickled(unfilled)).numbers()


def test_a_dtype_may_come_without_a_state() -> None:
    array = p.array(p.several(p.number(1)), p.dtype("f8"), p.data(np.float64(2.5).tobytes()))
    assert _read(p.pickled(array)).numbers().tolist() == [2.5]


@pytest.mark.parametrize("n_padding", [0, 1, 15, 16, 255])
def test_any_padding_before_raw_bytes_is_skipped(n_padding: int) -> None:
    raw = bytes([n_padding]) + b"\xff" * n_padding + np.float64(2.5).tobytes()
    state = p.mapping(
        p.text("shape"), p.several(p.number(1)), p.text("order"), p.text("C"),
        p.text("dtype"), p.dtype("f8"), p.text("numpy_array_alignment_bytes"), p.number(16),
    )  # fmt: skip
    wrapped = p.instance("joblib.numpy_pickle", "NumpyArrayWrapper", state)
    assert _read(p.pickled(wrapped, raw)).numbers().tolist() == [2.5]
