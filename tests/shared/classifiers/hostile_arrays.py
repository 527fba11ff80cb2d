"""Arrays, dtypes, scalars and dates that lie about themselves.

Add a line to add a case: name, bytes, why it is refused.
"""

import pickle

from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.hostile_cases import COMMAND, ONE_FLOAT, SIDE, SVC, case

NEW_ARRAY = p.called(
    p.name("numpy.core.multiarray", "_reconstruct"), p.name("numpy", "ndarray"), b"K\0\x85", b"C\1b"
)
_STATE = [p.number(3), p.text("<"), b"N", b"N", b"N", p.number(-1), p.number(-1), p.number(0)]


def _dtype_with(position: int, value: bytes, code: str = "f8") -> bytes:
    return p.pickled(p.dtype(code, *_STATE[:position], value, *_STATE[position + 1 :]))


ARRAYS = [
    case(
        "a dtype with fields",
        _dtype_with(4, p.mapping(p.text("a"), p.several(b"N", p.number(2**40)))),
        "a dtype with fields",
    ),
    case("a dtype with names", _dtype_with(3, p.several(p.text("a"))), "a dtype with fields"),
    case("a dtype with a shape", _dtype_with(2, p.several(p.dtype("f8"))), "a dtype with fields"),
    case("a dtype of 2 GB", _dtype_with(5, p.number(2**31)), "that declares another size"),
    case("a dtype of version 99", _dtype_with(0, p.number(99)), "not NumPy's third version"),
    case("a dtype of flags", p.pickled(p.dtype("f8", b"N")), "not NumPy's third version"),
    case("a dtype of odd order", _dtype_with(1, p.text("x")), "a dtype without a byte order"),
    case("a dtype of records", p.pickled(p.dtype("V8")), "dtype V8, which is not read"),
    case("a dtype in words", p.pickled(p.dtype("f8,O")), "dtype f8,O, which is not read"),
    case("a dtype of long floats", p.pickled(p.dtype("f16")), "dtype f16, which is not read"),
    case("dates", p.pickled(p.dtype("M8")), "dtype M8, which is not read"),
    case(
        "a dtype from a class",
        p.pickled(p.called(p.name("numpy", "dtype"), SVC)),
        "a dtype without a code",
    ),
    case(
        "a shape below 0",
        p.pickled(p.array(p.several(p.number(-1)), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    case(
        "a shape of 2**40",
        p.pickled(p.wrapped_array(p.several(p.number(2**40)), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    case(
        "a shape that overflows to 1",
        p.pickled(p.array(p.several(*[p.number(2**31 - 1)] * 3), p.dtype("f8"), ONE_FLOAT)),
        "items are allowed",
    ),
    case(
        "an overflow behind a 0",
        p.pickled(
            p.array(p.several(*[p.number(2**31 - 1)] * 3, p.number(0)), p.dtype("f8"), p.data(b""))
        ),
        "items are allowed",
    ),
    case(
        "a shape of 2 GB in a small file",
        p.pickled(p.wrapped_array(p.several(p.number(2**28)), p.dtype("f8"), ONE_FLOAT)),
        "truncated or damaged: 2147483648 bytes should follow",
    ),
    case(
        "a shape of truth",
        p.pickled(p.array(p.several(pickle.NEWTRUE), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    case(
        "a shape of 900 sides",
        p.pickled(p.array(p.several(*[p.number(1)] * 900), p.dtype("f8"), ONE_FLOAT)),
        "no tuple of at most 8 numbers",
    ),
    case(
        "a shape that is a list",
        p.pickled(p.wrapped_array(b"]", p.dtype("f8"), ONE_FLOAT)),
        "no tuple of at most 8 numbers",
    ),
    case(
        "too few bytes",
        p.pickled(p.array(p.several(p.number(2)), p.dtype("f8"), ONE_FLOAT)),
        "of shape (2,) without as many bytes",
    ),
    case(
        "objects where bytes belong",
        p.pickled(p.array(SIDE, p.dtype("f8"), b"]Na")),
        "of shape (1,) without as many bytes",
    ),
    case(
        "bytes where objects belong",
        p.pickled(p.array(SIDE, p.dtype("O8"), ONE_FLOAT)),
        "an array of objects of shape (1,) without as many items",
    ),
    case(
        "pickles in pickles in pickles",
        p.pickled(
            p.wrapped_array(
                SIDE,
                p.dtype("O8"),
                p.pickled(p.wrapped_array(SIDE, p.dtype("O8"), p.pickled(b"N"))),
            )
        ),
        "a pickle in a pickle in a pickle",
    ),
    case(
        "an array of objects that is none",
        p.pickled(p.wrapped_array(SIDE, p.dtype("O8"), p.pickled(b"N"))),
        "an array of objects that is no array",
    ),
    case(
        "an array of a dtype that is a text",
        p.pickled(p.array(SIDE, p.text("f8"), ONE_FLOAT)),
        "an array without a dtype",
    ),
    case(
        "an array in no order",
        p.pickled(p.wrapped_array(SIDE, p.dtype("f8"), ONE_FLOAT, order=p.text("K"))),
        "an array whose order is neither C nor F",
    ),
    case(
        "an array of another class",
        p.pickled(
            p.called(p.name("numpy._core.multiarray", "_reconstruct"), SVC, b")", p.data(b"b"))
        ),
        "another class than numpy.ndarray",
    ),
    case(
        "a scalar of objects",
        p.pickled(p.called(p.name("numpy._core.multiarray", "scalar"), p.dtype("O8"), b"]Na")),
        "a NumPy scalar that holds a Python object",
    ),
    case(
        "a scalar of too few bytes",
        p.pickled(p.called(p.name("numpy.core.multiarray", "scalar"), p.dtype("f8"), b"C\1x")),
        "of shape () without as many bytes",
    ),
    case(
        "a text scalar that is not Unicode",
        p.pickled(
            p.called(p.name("numpy.core.multiarray", "scalar"), p.dtype("U1"), p.data(b"\xff" * 4))
        ),
        "a NumPy text that is not Unicode",
    ),
    case(
        "an array of version 2",
        p.pickled(p.built(NEW_ARRAY, p.several(p.number(2), SIDE, b"NNN"))),
        "an array whose state is not NumPy's first version",
    ),
    case(
        "a wrapper of nothing",
        p.pickled(
            p.instance(
                "joblib.numpy_pickle",
                "NumpyArrayWrapper",
                p.mapping(p.text("order"), p.text("C")),
            )
        ),
        "an array without a dtype",
    ),
    case(
        "a scalar of nothing",
        p.pickled(p.called(p.name("numpy.core.multiarray", "scalar"))),
        "a NumPy scalar without a dtype",
    ),
    case(
        "bytes as long as a number says",
        p.pickled(p.called(p.name("__builtin__", "bytes"), p.number(2**40))),
        "bytes that are made from arguments",
    ),
    case(
        "a buffer of odd order",
        p.pickled(
            p.called(
                p.name("numpy._core.numeric", "_frombuffer"),
                ONE_FLOAT, p.dtype("f8"), SIDE, p.text("A"),
            )
        ),
        "an array in a buffer whose order is neither C nor F",
    ),
    case(
        "a date of nine bytes",
        p.pickled(p.called(p.name("datetime", "datetime"), p.data(bytes(9)))),
        "a datetime that is not ten bytes",
    ),
    case(
        "the 31st of February",
        p.pickled(
            p.called(p.name("datetime", "datetime"), p.data(b"\x07\xe7\x02\x1f" + bytes(6)))
        ),
        "a datetime that is not in the calendar",
    ),
    case(
        "another encoding",
        p.pickled(p.called(p.name("_codecs", "encode"), COMMAND, p.text("zip"))),
        "bytes that are not written as Latin-1",
    ),
    case(
        "Latin-1 that is none",
        p.pickled(p.called(p.name("_codecs", "encode"), p.text("\u20ac"), p.text("latin1"))),
        "bytes that are not written as Latin-1",
    ),
]  # fmt: skip
