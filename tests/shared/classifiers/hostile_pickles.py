"""Files that attack the reader itself. Add a line to add a case: name, bytes, why it is refused.

A payload, should one ever run, creates a file called ``canary`` in the current directory.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.shared.classifiers import pickles as p
from tests.shared.classifiers.samples import dumped, sample

COMMAND = p.text("touch canary")
SVC = p.name("sklearn.svm._classes", "SVC")
NEW_SVC = SVC + pickle.EMPTY_TUPLE + pickle.NEWOBJ
SYSTEM = p.name("os", "system")
PAYLOAD = p.pickled(p.called(SYSTEM, COMMAND))
ONE_FLOAT = p.data(bytes(8))
SIDE = p.several(p.number(1))
NEW_ARRAY = p.called(
    p.name("numpy.core.multiarray", "_reconstruct"), p.name("numpy", "ndarray"), b"K\0\x85", b"C\1b"
)
LAUGHS = b")q\0" + b"h\0\x86q\0" * 60
"""A tuple of two tuples of two tuples, …: 2**60 in all, each written once."""


@dataclass(frozen=True)
class Case:
    """A file and a part of the reason for which it is refused."""

    name: str
    content: Callable[[], bytes]
    expected: str


def _case(name: str, content: bytes, expected: str) -> Case:
    return Case(name, lambda: content, expected)


def _good() -> bytes:
    return dumped(sample("logistic"))


def _repeated(head: bytes, body: bytes, times: int) -> bytes:
    return p.START + head + body * times + p.END


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("model.pkl", PAYLOAD)
    return target.getvalue()


def _array_file() -> bytes:
    target = io.BytesIO()
    np.save(target, np.zeros(3))
    return target.getvalue()


UNREAD = "which is not read as data"
PAYLOADS = [
    _case("os.system by REDUCE", PAYLOAD, f"names os.system, {UNREAD}"),
    _case(
        "posix.system by GLOBAL",
        p.pickled(p.called(p.name_line("posix", "system"), COMMAND)),
        f"names posix.system, {UNREAD}",
    ),
    _case(
        "subprocess.Popen by NEWOBJ",
        p.pickled(p.name("subprocess", "Popen"), p.several(COMMAND), pickle.NEWOBJ),
        f"names subprocess.Popen, {UNREAD}",
    ),
    _case(
        "by NEWOBJ_EX",
        p.pickled(SVC, p.several(COMMAND), p.mapping(), pickle.NEWOBJ_EX),
        "uses the pickle operation NEWOBJ_EX",
    ),
    _case(
        "by INST",
        p.pickled(pickle.MARK, COMMAND, pickle.INST, b"os\nsystem\n"),
        "uses the pickle operation INST",
    ),
    _case("by OBJ", p.pickled(pickle.MARK, SYSTEM, COMMAND, pickle.OBJ), "names os.system"),
    _case(
        "by OBJ on a known class",
        p.pickled(pickle.MARK, SVC, COMMAND, pickle.OBJ),
        "uses the pickle operation OBJ",
    ),
    _case("by EXT1", p.pickled(pickle.EXT1, b"\x01"), "uses the pickle operation EXT1"),
    _case("by EXT2", p.pickled(pickle.EXT2, b"\1\0"), "uses the pickle operation EXT2"),
    _case("by EXT4", p.pickled(pickle.EXT4, b"\1\0\0\0"), "uses the pickle operation EXT4"),
    _case("by PERSID", p.pickled(pickle.PERSID, b"x\n"), "uses the pickle operation PERSID"),
    _case("by BINPERSID", p.pickled(COMMAND, pickle.BINPERSID), "operation BINPERSID"),
    _case(
        "eval",
        p.pickled(p.called(p.name("builtins", "eval"), p.text("open('canary', 'w')"))),
        f"names builtins.eval, {UNREAD}",
    ),
    _case(
        "exec under Python 2's name",
        p.pickled(p.called(p.name_line("__builtin__", "exec"), p.text("open('canary', 'w')"))),
        f"names __builtin__.exec, {UNREAD}",
    ),
    _case(
        "getattr on a known class",
        p.pickled(p.called(p.name("builtins", "getattr"), SVC, p.text("__init__"))),
        f"names builtins.getattr, {UNREAD}",
    ),
    _case(
        "__import__",
        p.pickled(p.called(p.name("builtins", "__import__"), p.text("canary"))),
        f"names builtins.__import__, {UNREAD}",
    ),
    _case(
        "joblib.load of a second file",
        p.pickled(p.called(p.name("joblib.numpy_pickle", "load"), p.text("other.pkl"))),
        f"names joblib.numpy_pickle.load, {UNREAD}",
    ),
    _case(
        "numpy.load of a second file",
        p.pickled(p.called(p.name("numpy", "load"), p.text("other.npy"))),
        f"names numpy.load, {UNREAD}",
    ),
    _case(
        "a memory map of a file",
        p.pickled(p.called(p.name("numpy", "memmap"), p.text("canary"), p.text("w+"))),
        "calls numpy.memmap, which is only ever named",
    ),
    _case(
        "a dotted way out of joblib",
        p.pickled(p.called(p.name("joblib.numpy_pickle", "os.system"), COMMAND)),
        f"names joblib.numpy_pickle.os.system, {UNREAD}",
    ),
    _case(
        "a dotted way out of scikit-learn",
        p.pickled(p.name("sklearn.svm._classes", "SVC.__init__.__globals__")),
        f"names sklearn.svm._classes.SVC.__init__.__globals__, {UNREAD}",
    ),
    _case(
        "a dotted way to a known class",
        p.pickled(p.name("sklearn.svm", "_classes.SVC")),
        f"names sklearn.svm._classes.SVC, {UNREAD}",
    ),
    _case(
        "__setstate__ in a state",
        p.pickled(p.built(p.built(NEW_SVC, p.mapping(p.text("__setstate__"), SYSTEM)), COMMAND)),
        f"names os.system, {UNREAD}",
    ),
    _case(
        "a state after the state",
        p.pickled(p.built(p.built(NEW_SVC, p.mapping()), COMMAND)),
        "a SVC that is given its attributes twice",
    ),
    _case(
        "a state for a name",
        p.pickled(p.built(SVC, p.mapping(p.text("fit"), COMMAND))),
        "gives a state to what has none",
    ),
    _case(
        "a class made from arguments",
        p.pickled(p.called(SVC, COMMAND)),
        "a SVC that is made from arguments",
    ),
    _case("a call of a text", p.pickled(p.called(COMMAND, COMMAND)), "calls what is no class"),
    _case(
        "a call without arguments",
        p.pickled(SVC, COMMAND, pickle.REDUCE),
        "calls sklearn.svm._classes.SVC without a tuple of arguments",
    ),
    _case(
        "in a training date",
        p.pickled(p.mapping(p.text("train_start_time"), p.called(SYSTEM, COMMAND))),
        f"names os.system, {UNREAD}",
    ),
    _case(
        "in the pickle within a pickle",
        p.pickled(p.wrapped_array(SIDE, p.dtype("O8"), PAYLOAD)),
        f"names os.system, {UNREAD}",
    ),
    _case(
        "a name that steers a terminal",
        p.pickled(p.name("os\x1b[2J\n", "\u202esystem")),
        r"names os\x1b[2J\n.\u202esystem",
    ),
    _case("a name of 100 KB", p.pickled(p.name("a" * 100_000, "b")), f"names {'a' * 80}…"),
    *(
        _case(f"packed with {packing}", packed, f"names os.system, {UNREAD}")
        for packing, packed in {
            "zlib": zlib.compress(PAYLOAD),
            "gzip": gzip.compress(PAYLOAD),
            "bz2": bz2.compress(PAYLOAD),
            "xz": lzma.compress(PAYLOAD),
            "lzma": lzma.compress(PAYLOAD, lzma.FORMAT_ALONE),
        }.items()
    ),
]

STRANGERS = [
    _case("empty", b"", "an empty file"),
    _case("a web page", b"\n<!DOCTYPE html><html>404</html>", "a web page"),
    _case(
        "a Git LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        "a Git LFS pointer",
    ),
    Case("a zip archive", _zip, "a zip archive"),
    Case("a NumPy file", _array_file, "a NumPy array file"),
    _case("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
    _case("JSON", b'{"classifier": 1}', "JSON text"),
    _case("lz4", b"\x04\x22\x4d\x18" + bytes(32), "compressed with lz4"),
    _case("joblib before 0.10", b"ZF0x10              " + bytes(16), "joblib before 0.10"),
    _case("protocol 0", pickle.dumps([1.5], 0), "no pickle of protocol 2 to 5"),
    _case("protocol 1", pickle.dumps([1.5], 1), "no pickle of protocol 2 to 5"),
    _case("protocol 6", b"\x80\x06N.", "no pickle of protocol 2 to 5"),
    _case("one byte", b"\x80", "truncated"),
    _case("a start and no more", b"\x80\x04", "truncated"),
    _case("text operations in protocol 4", p.pickled(b"I1\n"), "uses the pickle operation INT"),
    _case("a list", pickle.dumps([1, 2]), "no classifier: its content is a list"),
    _case("None", pickle.dumps(None), "no classifier: its content is a NoneType"),
    _case("only a name", p.pickled(SVC), "no classifier: its content is a Token"),
    _case("a dictionary of something else", pickle.dumps({"a": 1}), 'without a "classifier"'),
    Case("an array", lambda: dumped(np.zeros(4)), "no classifier: its content is a numpy.ndarray"),
    Case(
        "a text for a classifier",
        lambda: pickle.dumps({"classifier": "SVC"}),
        "no classifier: its content is a str",
    ),
    _case(
        "a table",
        p.pickled(p.name("pandas.core.frame", "DataFrame")),
        f"names pandas.core.frame.DataFrame, {UNREAD}",
    ),
    _case(
        "arrays in files of their own",
        p.pickled(p.name("joblib.numpy_pickle", "NDArrayWrapper")),
        "names joblib.numpy_pickle.NDArrayWrapper, which is not read as data: written by joblib",
    ),
]

LIES = [
    Case("cut in the middle", lambda: _good()[: len(_good()) // 2], "truncated"),
    Case("cut by one byte", lambda: _good()[:-1], "truncated"),
    Case("bytes after the end", lambda: _good() + b"\0\0", "more after the end of the pickle: 2 B"),
    Case("two pickles", lambda: _good() * 2, "more after the end of the pickle"),
    *(
        Case(f"cut {packing}", cut, f"truncated: its {packing} data has no end")
        for packing, cut in {
            "zlib": lambda: zlib.compress(_good())[:-5],
            "gzip": lambda: gzip.compress(_good())[:-9],
            "bz2": lambda: bz2.compress(_good())[:-5],
            "xz": lambda: lzma.compress(_good())[:-5],
        }.items()
    ),
    Case(
        "zlib and more",
        lambda: zlib.compress(_good()) + b"x",
        "more after the end of its zlib data: 1 B",
    ),
    Case("zlib of zlib", lambda: zlib.compress(zlib.compress(_good())), "no pickle of protocol"),
    _case("broken gzip", b"\x1f\x8b" + bytes(40), "a damaged gzip file"),
    _case("broken xz", b"\xfd7zXZ" + bytes(40), "a damaged xz file"),
    _case("broken lzma", b"\x5d\x00" + b"\xff" * 40, "a damaged lzma file"),
    _case("a text that lies", p.pickled(pickle.BINUNICODE8, b"\xff" * 8), "truncated or damaged"),
    _case("bytes that lie", p.pickled(pickle.BINBYTES, b"\xff" * 4), "truncated or damaged"),
    _case(
        "bytes that lie by 2**63",
        p.pickled(pickle.BINBYTES8, struct.pack("<Q", 2**63)),
        "truncated or damaged",
    ),
    _case("a frame that lies", p.pickled(pickle.FRAME, b"\xff" * 8), "truncated or damaged"),
    _case(
        "an integer that lies",
        p.pickled(pickle.LONG4, struct.pack("<i", 2**31 - 1)),
        "uses the pickle operation LONG4",
    ),
    _case("text that is not UTF-8", p.pickled(b"\x8c\x01\xff"), "is not UTF-8"),
    _case("a name without an end", p.pickled(pickle.GLOBAL, b"a" * 999), "no line ends soon"),
    _case(
        "an unknown operation",
        p.pickled(b"\xfe"),
        "damaged: byte 2 of the pickle is no operation (0xfe)",
    ),
    _case("NEXT_BUFFER", p.pickled(pickle.NEXT_BUFFER), "operation NEXT_BUFFER"),
    _case("POP", p.pickled(b"NN", pickle.POP), "uses the pickle operation POP"),
    _case("DUP", p.pickled(b"N", pickle.DUP), "uses the pickle operation DUP"),
    _case("nothing on the stack", p.pickled(), "ends with more or less than one object"),
    _case("two on the stack", p.pickled(b"NN"), "ends with more or less than one object"),
    _case("a mark at the end", p.pickled(b"N("), "ends with more or less than one object"),
    _case("a tuple of nothing", p.pickled(pickle.TUPLE2), "damaged: too few objects"),
    _case("no mark", p.pickled(pickle.APPENDS), "damaged: too few objects"),
    _case("nothing to remember", p.pickled(pickle.MEMOIZE), "damaged: too few objects"),
    _case("nothing remembered", p.pickled(pickle.BINGET, b"\x07"), "was not remembered"),
    _case("append to a tuple", p.pickled(b")Na"), "appends to what is no list"),
    _case("items of a list", p.pickled(b"](NNu"), "sets items of what is no dictionary"),
    _case("a key without a value", p.pickled(b"}(Nu"), "sets items of what is no dictionary"),
    _case("a name of numbers", p.pickled(b"K\1K\1\x93"), "a name that is no text"),
]

BOMBS = [
    Case("zeros in zlib", lambda: zlib.compress(bytes(2**25)), "unpacks to more than"),
    Case("zeros in bz2", lambda: bz2.compress(bytes(2**25)), "unpacks to more than"),
    Case("zeros in xz", lambda: lzma.compress(bytes(2**25)), "unpacks to more than"),
    _case(
        "xz with a dictionary of 1.5 GiB",
        lzma.compress(
            b"", lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 2**20}]
        ).replace(struct.pack("<I", 2**20), struct.pack("<I", 3 * 2**29)),
        "a damaged lzma file",
    ),
    Case("a million operations", lambda: _repeated(b"N", b"N", 10**6), "pickle operations"),
    Case("a million marks", lambda: _repeated(b"", b"(", 10**6), "pickle operations"),
    Case("100,000 tuples deep", lambda: _repeated(b")", b"\x85", 10**5), "is a tuple"),
    Case(
        "100,000 lists deep",
        lambda: p.START + b"]" * 10**5 + b"a" * (10**5 - 1) + p.END,
        "is a list",
    ),
    _case(
        "a billion laughs in tuples",
        p.pickled(LAUGHS),
        "no classifier: its content is a tuple",
    ),
    _case(
        "a billion laughs in dictionaries",
        p.pickled(b")q\0", b"}(K\1h\0K\2h\0u\x86q\0" * 60),
        "no classifier: its content is a tuple",
    ),
    _case(
        "a billion laughs as attributes",
        p.pickled(
            p.built(NEW_SVC, p.mapping(p.text("kernel"), LAUGHS, p.text("classes_"), b"h\0"))
        ),
        "SVC: classes_ is no array",
    ),
    _case(
        "a pipeline in itself",
        p.pickled(
            p.built(
                p.name("sklearn.pipeline", "Pipeline") + b")\x81q\0",
                p.mapping(p.text("steps"), b"](" + p.several(p.text("a"), b"h\0") * 2 + b"e"),
            )
        ),
        "Pipeline: steps are Pipeline, Pipeline; needed: StandardScaler and a classifier",
    ),
    Case(
        "a list that contains itself",
        lambda: p.pickled(b"]\x94h\0a"),
        "no classifier: its content is a list",
    ),
    Case(
        "keys that collide",
        lambda: p.pickled(p.mapping(*(p.number(k * (2**61 - 1)) + b"N" for k in range(9999)))),
        "a dictionary whose key is neither text nor a small integer",
    ),
    _case("a key that cannot be one", p.pickled(b"}]Ns"), "neither text nor a small integer"),
    _case("a tuple for a key", p.pickled(b"})Ns"), "neither text nor a small integer"),
    _case("a key twice", p.pickled(b"}(K\1NK\1Nu"), "a dictionary with one key twice"),
    Case(
        "an attribute twice",
        lambda: p.pickled(
            p.built(NEW_SVC, p.mapping(p.text("gamma"), b"N", p.text("gamma"), COMMAND))
        ),
        "a dictionary with one key twice",
    ),
    _case(
        "attributes that are numbers",
        p.pickled(p.built(NEW_SVC, p.mapping(b"K\1", b"N"))),
        "whose attributes are no dictionary of names",
    ),
    _case(
        "attributes in a tuple",
        p.pickled(p.built(NEW_SVC, p.several(b"N", p.mapping()))),
        "whose attributes are no dictionary of names",
    ),
]

_STATE = [p.number(3), p.text("<"), b"N", b"N", b"N", p.number(-1), p.number(-1), p.number(0)]


def _dtype_with(position: int, value: bytes, code: str = "f8") -> bytes:
    return p.pickled(p.dtype(code, *_STATE[:position], value, *_STATE[position + 1 :]))


ARRAYS = [
    _case(
        "a dtype with fields",
        _dtype_with(4, p.mapping(p.text("a"), p.several(b"N", p.number(2**40)))),
        "a dtype with fields",
    ),
    _case("a dtype with names", _dtype_with(3, p.several(p.text("a"))), "a dtype with fields"),
    _case("a dtype with a shape", _dtype_with(2, p.several(p.dtype("f8"))), "a dtype with fields"),
    _case("a dtype of 2 GB", _dtype_with(5, p.number(2**31)), "that declares another size"),
    _case("a dtype of version 99", _dtype_with(0, p.number(99)), "not NumPy's third version"),
    _case("a dtype of flags", p.pickled(p.dtype("f8", b"N")), "not NumPy's third version"),
    _case("a dtype of odd order", _dtype_with(1, p.text("x")), "a dtype without a byte order"),
    _case("a dtype of records", p.pickled(p.dtype("V8")), "dtype V8, which is not read"),
    _case("a dtype in words", p.pickled(p.dtype("f8,O")), "dtype f8,O, which is not read"),
    _case("a dtype of long floats", p.pickled(p.dtype("f16")), "dtype f16, which is not read"),
    _case("dates", p.pickled(p.dtype("M8")), "dtype M8, which is not read"),
    _case(
        "a dtype from a class",
        p.pickled(p.called(p.name("numpy", "dtype"), SVC)),
        "a dtype without a code",
    ),
    _case(
        "a shape below 0",
        p.pickled(p.array(p.several(p.number(-1)), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    _case(
        "a shape of 2**40",
        p.pickled(p.wrapped_array(p.several(p.number(2**40)), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    _case(
        "a shape that overflows to 1",
        p.pickled(p.array(p.several(*[p.number(2**31 - 1)] * 3), p.dtype("f8"), ONE_FLOAT)),
        "items are allowed",
    ),
    _case(
        "an overflow behind a 0",
        p.pickled(
            p.array(p.several(*[p.number(2**31 - 1)] * 3, p.number(0)), p.dtype("f8"), p.data(b""))
        ),
        "items are allowed",
    ),
    _case(
        "a shape of 2 GB in a small file",
        p.pickled(p.wrapped_array(p.several(p.number(2**28)), p.dtype("f8"), ONE_FLOAT)),
        "truncated or damaged: 2147483648 bytes should follow",
    ),
    _case(
        "a shape of truth",
        p.pickled(p.array(p.several(pickle.NEWTRUE), p.dtype("f8"), ONE_FLOAT)),
        "negative, huge or no number",
    ),
    _case(
        "a shape of 900 sides",
        p.pickled(p.array(p.several(*[p.number(1)] * 900), p.dtype("f8"), ONE_FLOAT)),
        "no tuple of at most 8 numbers",
    ),
    _case(
        "a shape that is a list",
        p.pickled(p.wrapped_array(b"]", p.dtype("f8"), ONE_FLOAT)),
        "no tuple of at most 8 numbers",
    ),
    _case(
        "too few bytes",
        p.pickled(p.array(p.several(p.number(2)), p.dtype("f8"), ONE_FLOAT)),
        "of shape (2,) without as many bytes",
    ),
    _case(
        "objects where bytes belong",
        p.pickled(p.array(SIDE, p.dtype("f8"), b"]Na")),
        "of shape (1,) without as many bytes",
    ),
    _case(
        "bytes where objects belong",
        p.pickled(p.array(SIDE, p.dtype("O8"), ONE_FLOAT)),
        "an array of objects of shape (1,) without as many items",
    ),
    _case(
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
    _case(
        "an array of objects that is none",
        p.pickled(p.wrapped_array(SIDE, p.dtype("O8"), p.pickled(b"N"))),
        "an array of objects that is no array",
    ),
    _case(
        "an array of a dtype that is a text",
        p.pickled(p.array(SIDE, p.text("f8"), ONE_FLOAT)),
        "an array without a dtype",
    ),
    _case(
        "an array in no order",
        p.pickled(p.wrapped_array(SIDE, p.dtype("f8"), ONE_FLOAT, order=p.text("K"))),
        "an array whose order is neither C nor F",
    ),
    _case(
        "an array of another class",
        p.pickled(
            p.called(p.name("numpy._core.multiarray", "_reconstruct"), SVC, b")", p.data(b"b"))
        ),
        "another class than numpy.ndarray",
    ),
    _case(
        "a scalar of objects",
        p.pickled(p.called(p.name("numpy._core.multiarray", "scalar"), p.dtype("O8"), b"]Na")),
        "a NumPy scalar that holds a Python object",
    ),
    _case(
        "a scalar of too few bytes",
        p.pickled(p.called(p.name("numpy.core.multiarray", "scalar"), p.dtype("f8"), b"C\1x")),
        "of shape () without as many bytes",
    ),
    _case(
        "a text scalar that is not Unicode",
        p.pickled(
            p.called(p.name("numpy.core.multiarray", "scalar"), p.dtype("U1"), p.data(b"\xff" * 4))
        ),
        "a NumPy text that is not Unicode",
    ),
    _case(
        "an array of version 2",
        p.pickled(p.built(NEW_ARRAY, p.several(p.number(2), SIDE, b"NNN"))),
        "an array whose state is not NumPy's first version",
    ),
    _case(
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
    _case(
        "a scalar of nothing",
        p.pickled(p.called(p.name("numpy.core.multiarray", "scalar"))),
        "a NumPy scalar without a dtype",
    ),
    _case(
        "bytes as long as a number says",
        p.pickled(p.called(p.name("__builtin__", "bytes"), p.number(2**40))),
        "bytes that are made from arguments",
    ),
    _case(
        "a buffer of odd order",
        p.pickled(
            p.called(
                p.name("numpy._core.numeric", "_frombuffer"),
                ONE_FLOAT, p.dtype("f8"), SIDE, p.text("A"),
            )
        ),
        "an array in a buffer whose order is neither C nor F",
    ),
    _case(
        "a date of nine bytes",
        p.pickled(p.called(p.name("datetime", "datetime"), p.data(bytes(9)))),
        "a datetime that is not ten bytes",
    ),
    _case(
        "the 31st of February",
        p.pickled(
            p.called(p.name("datetime", "datetime"), p.data(b"\x07\xe7\x02\x1f" + bytes(6)))
        ),
        "a datetime that is not in the calendar",
    ),
    _case(
        "another encoding",
        p.pickled(p.called(p.name("_codecs", "encode"), COMMAND, p.text("zip"))),
        "bytes that are not written as Latin-1",
    ),
    _case(
        "Latin-1 that is none",
        p.pickled(p.called(p.name("_codecs", "encode"), p.text("\u20ac"), p.text("latin1"))),
        "bytes that are not written as Latin-1",
    ),
]  # fmt: skip

CASES = [*PAYLOADS, *STRANGERS, *LIES, *BOMBS, *ARRAYS]
