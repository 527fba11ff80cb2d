"""Files that are something else, cut off, damaged, or lie about their lengths.

Add a line to add a case: name, bytes, why it is refused.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
import zlib

import numpy as np

from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.hostile_cases import PAYLOAD, SVC, UNREAD, Case, case, good
from tests.shared.classifiers.samples import dumped


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("model.pkl", PAYLOAD)
    return target.getvalue()


def _array_file() -> bytes:
    target = io.BytesIO()
    np.save(target, np.zeros(3))
    return target.getvalue()


STRANGERS = [
    case("empty", b"", "an empty file"),
    case("a web page", b"\n<!DOCTYPE html><html>404</html>", "a web page"),
    case(
        "a Git LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        "a Git LFS pointer",
    ),
    Case("a zip archive", _zip, "a zip archive"),
    Case("a NumPy file", _array_file, "a NumPy array file"),
    case("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
    case("JSON", b'{"classifier": 1}', "JSON text"),
    case("lz4", b"\x04\x22\x4d\x18" + bytes(32), "compressed with lz4"),
    case("joblib before 0.10", b"ZF0x10              " + bytes(16), "joblib before 0.10"),
    case("protocol 0", pickle.dumps([1.5], 0), "no pickle of protocol 2 to 5"),
    case("protocol 1", pickle.dumps([1.5], 1), "no pickle of protocol 2 to 5"),
    case("protocol 6", b"\x80\x06N.", "no pickle of protocol 2 to 5"),
    case("one byte", b"\x80", "truncated"),
    case("a start and no more", b"\x80\x04", "truncated"),
    case("text operations in protocol 4", p.pickled(b"I1\n"), "uses the pickle operation INT"),
    case("a list", pickle.dumps([1, 2]), "no classifier: its content is a list"),
    case("None", pickle.dumps(None), "no classifier: its content is a NoneType"),
    case("only a name", p.pickled(SVC), "no classifier: its content is a Token"),
    case("a dictionary of something else", pickle.dumps({"a": 1}), 'without a "classifier"'),
    Case("an array", lambda: dumped(np.zeros(4)), "no classifier: its content is a numpy.ndarray"),
    Case(
        "a text for a classifier",
        lambda: pickle.dumps({"classifier": "SVC"}),
        "no classifier: its content is a str",
    ),
    case(
        "a table",
        p.pickled(p.name("pandas.core.frame", "DataFrame")),
        f"names pandas.core.frame.DataFrame, {UNREAD}",
    ),
    case(
        "arrays in files of their own",
        p.pickled(p.name("joblib.numpy_pickle", "NDArrayWrapper")),
        "names joblib.numpy_pickle.NDArrayWrapper, which is not read as data: written by joblib",
    ),
]

LIES = [
    Case("cut in the middle", lambda: good()[: len(good()) // 2], "truncated"),
    Case("cut by one byte", lambda: good()[:-1], "truncated"),
    Case("bytes after the end", lambda: good() + b"\0\0", "more after the end of the pickle: 2 B"),
    Case("two pickles", lambda: good() * 2, "more after the end of the pickle"),
    *(
        Case(f"cut {packing}", cut, f"truncated: its {packing} data has no end")
        for packing, cut in {
            "zlib": lambda: zlib.compress(good())[:-5],
            "gzip": lambda: gzip.compress(good())[:-9],
            "bz2": lambda: bz2.compress(good())[:-5],
            "xz": lambda: lzma.compress(good())[:-5],
        }.items()
    ),
    Case(
        "zlib and more",
        lambda: zlib.compress(good()) + b"x",
        "more after the end of its zlib data: 1 B",
    ),
    Case("zlib of zlib", lambda: zlib.compress(zlib.compress(good())), "no pickle of protocol"),
    case("broken gzip", b"\x1f\x8b" + bytes(40), "a damaged gzip file"),
    case("broken xz", b"\xfd7zXZ" + bytes(40), "a damaged xz file"),
    case("broken lzma", b"\x5d\x00" + b"\xff" * 40, "a damaged lzma file"),
    case("a text that lies", p.pickled(pickle.BINUNICODE8, b"\xff" * 8), "truncated or damaged"),
    case("bytes that lie", p.pickled(pickle.BINBYTES, b"\xff" * 4), "truncated or damaged"),
    case(
        "bytes that lie by 2**63",
        p.pickled(pickle.BINBYTES8, struct.pack("<Q", 2**63)),
        "truncated or damaged",
    ),
    case("a frame that lies", p.pickled(pickle.FRAME, b"\xff" * 8), "truncated or damaged"),
    case(
        "an integer that lies",
        p.pickled(pickle.LONG4, struct.pack("<i", 2**31 - 1)),
        "uses the pickle operation LONG4",
    ),
    case("text that is not UTF-8", p.pickled(b"\x8c\x01\xff"), "is not UTF-8"),
    case("a name without an end", p.pickled(pickle.GLOBAL, b"a" * 999), "no line ends soon"),
    case(
        "an unknown operation",
        p.pickled(b"\xfe"),
        "damaged: byte 2 of the pickle is no operation (0xfe)",
    ),
    case("NEXT_BUFFER", p.pickled(pickle.NEXT_BUFFER), "operation NEXT_BUFFER"),
    case("POP", p.pickled(b"NN", pickle.POP), "uses the pickle operation POP"),
    case("DUP", p.pickled(b"N", pickle.DUP), "uses the pickle operation DUP"),
    case("nothing on the stack", p.pickled(), "ends with more or less than one object"),
    case("two on the stack", p.pickled(b"NN"), "ends with more or less than one object"),
    case("a mark at the end", p.pickled(b"N("), "ends with more or less than one object"),
    case("a tuple of nothing", p.pickled(pickle.TUPLE2), "damaged: too few objects"),
    case("no mark", p.pickled(pickle.APPENDS), "damaged: too few objects"),
    case("nothing to remember", p.pickled(pickle.MEMOIZE), "damaged: too few objects"),
    case("nothing remembered", p.pickled(pickle.BINGET, b"\x07"), "was not remembered"),
    case("append to a tuple", p.pickled(b")Na"), "appends to what is no list"),
    case("items of a list", p.pickled(b"](NNu"), "sets items of what is no dictionary"),
    case("a key without a value", p.pickled(b"}(Nu"), "sets items of what is no dictionary"),
    case("a name of numbers", p.pickled(b"K\1K\1\x93"), "a name that is no text"),
]
