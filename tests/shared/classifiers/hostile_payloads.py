"""Code to be run, in every form that a pickle has for it.

Add a line to add a case: name, bytes, why it is refused.
"""

import bz2
import gzip
import lzma
import pickle
import zlib

from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.hostile_cases import (
    COMMAND,
    NEW_SVC,
    PAYLOAD,
    SIDE,
    SVC,
    SYSTEM,
    UNREAD,
    case,
)

PAYLOADS = [
    case("os.system by REDUCE", PAYLOAD, f"names os.system, {UNREAD}"),
    case(
        "posix.system by GLOBAL",
        p.pickled(p.called(p.name_line("posix", "system"), COMMAND)),
        f"names posix.system, {UNREAD}",
    ),
    case(
        "subprocess.Popen by NEWOBJ",
        p.pickled(p.name("subprocess", "Popen"), p.several(COMMAND), pickle.NEWOBJ),
        f"names subprocess.Popen, {UNREAD}",
    ),
    case(
        "by NEWOBJ_EX",
        p.pickled(SVC, p.several(COMMAND), p.mapping(), pickle.NEWOBJ_EX),
        "uses the pickle operation NEWOBJ_EX",
    ),
    case(
        "by INST",
        p.pickled(pickle.MARK, COMMAND, pickle.INST, b"os\nsystem\n"),
        "uses the pickle operation INST",
    ),
    case("by OBJ", p.pickled(pickle.MARK, SYSTEM, COMMAND, pickle.OBJ), "names os.system"),
    case(
        "by OBJ on a known class",
        p.pickled(pickle.MARK, SVC, COMMAND, pickle.OBJ),
        "uses the pickle operation OBJ",
    ),
    case("by EXT1", p.pickled(pickle.EXT1, b"\x01"), "uses the pickle operation EXT1"),
    case("by EXT2", p.pickled(pickle.EXT2, b"\1\0"), "uses the pickle operation EXT2"),
    case("by EXT4", p.pickled(pickle.EXT4, b"\1\0\0\0"), "uses the pickle operation EXT4"),
    case("by PERSID", p.pickled(pickle.PERSID, b"x\n"), "uses the pickle operation PERSID"),
    case("by BINPERSID", p.pickled(COMMAND, pickle.BINPERSID), "operation BINPERSID"),
    case(
        "eval",
        p.pickled(p.called(p.name("builtins", "eval"), p.text("open('canary', 'w')"))),
        f"names builtins.eval, {UNREAD}",
    ),
    case(
        "exec under Python 2's name",
        p.pickled(p.called(p.name_line("__builtin__", "exec"), p.text("open('canary', 'w')"))),
        f"names __builtin__.exec, {UNREAD}",
    ),
    case(
        "getattr on a known class",
        p.pickled(p.called(p.name("builtins", "getattr"), SVC, p.text("__init__"))),
        f"names builtins.getattr, {UNREAD}",
    ),
    case(
        "__import__",
        p.pickled(p.called(p.name("builtins", "__import__"), p.text("canary"))),
        f"names builtins.__import__, {UNREAD}",
    ),
    case(
        "joblib.load of a second file",
        p.pickled(p.called(p.name("joblib.numpy_pickle", "load"), p.text("other.pkl"))),
        f"names joblib.numpy_pickle.load, {UNREAD}",
    ),
    case(
        "numpy.load of a second file",
        p.pickled(p.called(p.name("numpy", "load"), p.text("other.npy"))),
        f"names numpy.load, {UNREAD}",
    ),
    case(
        "a memory map of a file",
        p.pickled(p.called(p.name("numpy", "memmap"), p.text("canary"), p.text("w+"))),
        "calls numpy.memmap, which is only ever named",
    ),
    case(
        "a dotted way out of joblib",
        p.pickled(p.called(p.name("joblib.numpy_pickle", "os.system"), COMMAND)),
        f"names joblib.numpy_pickle.os.system, {UNREAD}",
    ),
    case(
        "a dotted way out of scikit-learn",
        p.pickled(p.name("sklearn.svm._classes", "SVC.__init__.__globals__")),
        f"names sklearn.svm._classes.SVC.__init__.__globals__, {UNREAD}",
    ),
    case(
        "a dotted way to a known class",
        p.pickled(p.name("sklearn.svm", "_classes.SVC")),
        f"names sklearn.svm._classes.SVC, {UNREAD}",
    ),
    case(
        "__setstate__ in a state",
        p.pickled(p.built(p.built(NEW_SVC, p.mapping(p.text("__setstate__"), SYSTEM)), COMMAND)),
        f"names os.system, {UNREAD}",
    ),
    case(
        "a state after the state",
        p.pickled(p.built(p.built(NEW_SVC, p.mapping()), COMMAND)),
        "a SVC that is given its attributes twice",
    ),
    case(
        "a state for a name",
        p.pickled(p.built(SVC, p.mapping(p.text("fit"), COMMAND))),
        "gives a state to what has none",
    ),
    case(
        "a class made from arguments",
        p.pickled(p.called(SVC, COMMAND)),
        "a SVC that is made from arguments",
    ),
    case("a call of a text", p.pickled(p.called(COMMAND, COMMAND)), "calls what is no class"),
    case(
        "a call without arguments",
        p.pickled(SVC, COMMAND, pickle.REDUCE),
        "calls sklearn.svm._classes.SVC without a tuple of arguments",
    ),
    case(
        "in a training date",
        p.pickled(p.mapping(p.text("train_start_time"), p.called(SYSTEM, COMMAND))),
        f"names os.system, {UNREAD}",
    ),
    case(
        "in the pickle within a pickle",
        p.pickled(p.wrapped_array(SIDE, p.dtype("O8"), PAYLOAD)),
        f"names os.system, {UNREAD}",
    ),
    case(
        "a name that steers a terminal",
        p.pickled(p.name("os\x1b[2J\n", "\u202esystem")),
        r"names os\x1b[2J\n.\u202esystem",
    ),
    case("a name of 100 KB", p.pickled(p.name("a" * 100_000, "b")), f"names {'a' * 80}…"),
    *(
        case(f"packed with {packing}", packed, f"names os.system, {UNREAD}")
        for packing, packed in {
            "zlib": zlib.compress(PAYLOAD),
            "gzip": gzip.compress(PAYLOAD),
            "bz2": bz2.compress(PAYLOAD),
            "xz": lzma.compress(PAYLOAD),
            "lzma": lzma.compress(PAYLOAD, lzma.FORMAT_ALONE),
        }.items()
    ),
]
