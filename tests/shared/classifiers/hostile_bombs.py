"""Small files that would take much time, memory or depth.

Add a line to add a case: name, bytes, why it is refused.
"""

import bz2
import lzma
import struct
import zlib

from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.hostile_cases import COMMAND, NEW_SVC, SVC, Case, case

LAUGHS = b")q\0" + b"h\0\x86q\0" * 60
"""A tuple of two tuples of two tuples, …: 2**60 in all, each written once."""


def _repeated(head: bytes, body: bytes, times: int) -> bytes:
    return p.START + head + body * times + p.END


BOMBS = [
    Case("zeros in zlib", lambda: zlib.compress(bytes(2**25)), "unpacks to more than"),
    Case("zeros in bz2", lambda: bz2.compress(bytes(2**25)), "unpacks to more than"),
    Case("zeros in xz", lambda: lzma.compress(bytes(2**25)), "unpacks to more than"),
    case(
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
    Case(
        "60,000 objects deep",
        lambda: p.pickled(
            SVC, b"q\0)\x81}X\1\0\0\0a", b"h\0)\x81}X\1\0\0\0a" * 60_000, b"N", b"sb" * 60_001
        ),
        "SVC: no classes_, so it was not fitted",
    ),
    Case(
        "a text that is copied by thousands of calls",
        lambda: p.pickled(
            p.name("_codecs", "encode"),
            b"q\0",
            p.text("a" * 10**6),
            p.text("latin1"),
            b"\x86q\1",
            b"]",
            b"h\0h\1Ra" * 50_000,
            b"\x87",
        ),
        "makes more out of its texts than it holds",
    ),
    Case(
        "a scalar that is copied by thousands of calls",
        lambda: p.pickled(
            p.name("numpy.core.multiarray", "scalar"),
            b"q\0",
            p.dtype("U9999"),
            p.data(b"a\0\0\0" * 9999),
            b"\x86q\1",
            b"]",
            b"h\0h\1Ra" * 50_000,
            b"\x87",
        ),
        "makes more out of its texts than it holds",
    ),
    case(
        "a billion laughs in tuples",
        p.pickled(LAUGHS),
        "no classifier: its content is a tuple",
    ),
    case(
        "a billion laughs in dictionaries",
        p.pickled(b")q\0", b"}(K\1h\0K\2h\0u\x86q\0" * 60),
        "no classifier: its content is a tuple",
    ),
    case(
        "a billion laughs as attributes",
        p.pickled(
            p.built(NEW_SVC, p.mapping(p.text("kernel"), LAUGHS, p.text("classes_"), b"h\0"))
        ),
        "SVC: classes_ is no array",
    ),
    case(
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
    case("a key that cannot be one", p.pickled(b"}]Ns"), "neither text nor a small integer"),
    case("a tuple for a key", p.pickled(b"})Ns"), "neither text nor a small integer"),
    case("a key twice", p.pickled(b"}(K\1NK\1Nu"), "a dictionary with one key twice"),
    Case(
        "an attribute twice",
        lambda: p.pickled(
            p.built(NEW_SVC, p.mapping(p.text("gamma"), b"N", p.text("gamma"), COMMAND))
        ),
        "a dictionary with one key twice",
    ),
    case(
        "attributes that are numbers",
        p.pickled(p.built(NEW_SVC, p.mapping(b"K\1", b"N"))),
        "whose attributes are no dictionary of names",
    ),
    case(
        "attributes in a tuple",
        p.pickled(p.built(NEW_SVC, p.several(b"N", p.mapping()))),
        "whose attributes are no dictionary of names",
    ),
]
