"""Arrays as a pickle describes them: a dtype of a fixed set, a shape, and bytes.

A `StoredArray` stays a description until a schema asks for its numbers; only then does NumPy see
it, and everything has been checked by then. Both ways of writing are read: joblib's wrapper with
raw bytes behind it, and NumPy's own ``_reconstruct`` and ``_frombuffer``.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.pickles.stream import NotDataError, RefusedError, Stream, quoted

MAX_DIMENSIONS = 8
MAX_ITEMS = 2**31
_NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_TEXT = re.compile(r"[US][0-9]{1,4}")
_OBJECTS = frozenset({"O4", "O8"})

ByteOrder: TypeAlias = Literal["<", ">", "|", "="]
Shape: TypeAlias = tuple[int, ...]
Numbers: TypeAlias = NDArray[np.generic]


@dataclass(slots=True, eq=False)
class StoredDtype:
    """A dtype by its code, such as ``f8``; its byte order comes with its state, after it."""

    code: str
    order: ByteOrder = "="

    @property
    def item_bytes(self) -> int:
        """Size of one item in the file; of Python objects, which have none there, 0."""
        if self.is_object:
            return 0
        size = int(self.code[1:])
        return 4 * size if self.code[0] == "U" else size

    @property
    def is_object(self) -> bool:
        """Whether the items are Python objects, which follow as a list or a pickle of their own."""
        return self.code in _OBJECTS

    @property
    def is_number(self) -> bool:
        """Whether the items are booleans, integers or floats."""
        return self.code in _NUMBERS

    def build(self, state: object) -> None:
        """Take what NumPy would give to ``dtype.__setstate__``: the byte order, nothing else."""
        if not (isinstance(state, tuple) and len(state) == 8 and state[0] == 3):
            raise RefusedError("a dtype whose state is not NumPy's third version")
        order, extras, sizes = state[1], state[2:5], state[5:7]
        if order not in ("<", ">", "|", "="):
            raise RefusedError("a dtype without a byte order")
        if any(extra is not None for extra in extras):
            raise RefusedError("a dtype with fields or a shape of its own")
        if any(type(size) is not int for size in sizes) or sizes[0] not in (-1, *self._sizes):
            raise RefusedError(f"a dtype {self.code} that declares another size")
        self.order = order

    @property
    def _sizes(self) -> tuple[int, ...]:
        return (4, 8) if self.is_object else (self.item_bytes,)


@dataclass(slots=True, eq=False)
class StoredArray:
    """An array that was read but not interpreted; ``data`` is None until its state has come.

    ``data`` are its bytes in the order that ``is_fortran`` tells, or its items where the dtype is
    Python objects.
    """

    dtype: StoredDtype
    shape: Shape
    is_fortran: bool
    data: bytes | memoryview | list[object] | None

    def build(self, state: object) -> None:
        """Take what NumPy would give to ``ndarray.__setstate__``."""
        if not (isinstance(state, tuple) and len(state) == 5 and state[0] == 1):
            raise RefusedError("an array whose state is not NumPy's first version")
        _, shape, dtype, is_fortran, data = state
        filled = stored_array(dtype, shape, bool(is_fortran), data)
        self.dtype, self.shape = filled.dtype, filled.shape
        self.is_fortran, self.data = filled.is_fortran, filled.data

    def numbers(self) -> Numbers:
        """Return the numbers as an array of its own, in this machine's byte order and C order."""
        if self.data is None or isinstance(self.data, list) or not self.dtype.is_number:
            raise RefusedError(f"an array of {self.dtype.code} where numbers are needed")
        native = np.dtype(self.dtype.code)
        if len(self.data) == 0:
            return np.zeros(self.shape, native)
        flat = np.frombuffer(self.data, native.newbyteorder(self.dtype.order))
        shaped = flat.reshape(self.shape, order="F" if self.is_fortran else "C")
        return shaped.astype(native, order="C")


def stored_dtype(args: tuple[object, ...]) -> StoredDtype:
    """Read the arguments of ``numpy.dtype(code, align, copy)``."""
    code = args[0] if args else None
    if not isinstance(code, str):
        raise RefusedError("a dtype without a code")
    if code in _NUMBERS or code in _OBJECTS or _TEXT.fullmatch(code):
        return StoredDtype(code)
    raise NotDataError(f"an array of dtype {quoted(code)}, which is not read")


def stored_array(dtype: object, shape: object, is_fortran: bool, data: object) -> StoredArray:
    """Check what a pickle says of an array against the data that it brings."""
    if not isinstance(dtype, StoredDtype):
        raise RefusedError("an array without a dtype")
    dims, n_items = _checked_shape(shape)
    if dtype.is_object:
        if not isinstance(data, list) or len(data) != n_items:
            raise RefusedError(f"an array of objects of shape {dims} without as many items")
        return StoredArray(dtype, dims, is_fortran, data)
    if not isinstance(data, bytes | memoryview) or len(data) != n_items * dtype.item_bytes:
        raise RefusedError(f"an array of {dtype.code} of shape {dims} without as many bytes")
    return StoredArray(dtype, dims, is_fortran, data)


def empty_array() -> StoredArray:
    """Return what ``_reconstruct`` makes: an array whose dtype, shape and data are to come."""
    return StoredArray(StoredDtype("b1"), (0,), is_fortran=False, data=None)


def array_from_buffer(args: tuple[object, ...]) -> StoredArray:
    """Read the arguments of NumPy's ``_frombuffer(buffer, dtype, shape, order)``."""
    if len(args) < 4 or args[3] not in ("C", "F"):
        raise RefusedError("an array in a buffer whose order is neither C nor F")
    return stored_array(args[1], args[2], args[3] == "F", args[0])


def number_or_text(args: tuple[object, ...]) -> bool | int | float | str | bytes:
    """Read the arguments of NumPy's ``scalar(dtype, bytes)`` into a plain Python value."""
    if len(args) != 2 or not isinstance(args[0], StoredDtype):
        raise RefusedError("a NumPy scalar without a dtype")
    array = stored_array(args[0], (), False, args[1])
    if array.dtype.is_number:
        number: bool | int | float = array.numbers().item()
        return number
    if not isinstance(array.data, bytes):
        raise RefusedError("a NumPy scalar that holds a Python object")
    return array.data if array.dtype.code[0] == "S" else _text(array.data, array.dtype.order)


def raw_array(state: dict[str, object], stream: Stream) -> StoredArray:
    """Read the array whose raw bytes follow joblib's ``NumpyArrayWrapper`` in the stream.

    From joblib 1.2 on, a byte that counts bytes of padding stands before them.
    """
    order, dtype = state.get("order"), state.get("dtype")
    if order not in ("C", "F"):
        raise RefusedError("an array whose order is neither C nor F")
    if not isinstance(dtype, StoredDtype):
        raise RefusedError("an array without a dtype")
    shape, n_items = _checked_shape(state.get("shape"))
    if state.get("numpy_array_alignment_bytes") is not None:
        stream.view(stream.unsigned(1))
    return stored_array(dtype, shape, order == "F", stream.view(n_items * dtype.item_bytes))


def _checked_shape(shape: object) -> tuple[Shape, int]:
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        raise RefusedError(f"an array whose shape is no tuple of at most {MAX_DIMENSIONS} numbers")
    if any(type(side) is not int or not 0 <= side < MAX_ITEMS for side in shape):
        raise RefusedError("an array whose shape has a negative, huge or no number in it")
    # A side of 0 must not hide sides that NumPy cannot multiply.
    if math.prod(max(side, 1) for side in shape) > MAX_ITEMS:
        raise RefusedError(f"an array of shape {shape}: at most {MAX_ITEMS} items are allowed")
    return shape, math.prod(shape)


def _text(data: bytes, order: str) -> str:
    try:
        text = data.decode("utf-32-be" if order == ">" else "utf-32-le", "surrogatepass")
    except UnicodeDecodeError as error:
        raise RefusedError("a NumPy text that is not Unicode") from error
    return text.rstrip("\0")
