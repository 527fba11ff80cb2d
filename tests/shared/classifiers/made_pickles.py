"""A tiny assembler of pickles: each function returns the bytes of one thing, to be joined."""

import pickle
import struct

START = pickle.PROTO + b"\x04"
END = pickle.STOP


def pickled(*parts: bytes) -> bytes:
    """Return a whole pickle of protocol 4, without frames."""
    return START + b"".join(parts) + END


def text(value: str) -> bytes:
    """Push a text."""
    encoded = value.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def data(value: bytes) -> bytes:
    """Push bytes."""
    return pickle.BINBYTES + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    """Push an integer of any size up to 255 bytes."""
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return pickle.LONG1 + bytes([len(encoded)]) + encoded


def several(*items: bytes) -> bytes:
    """Push a tuple."""
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def mapping(*items: bytes) -> bytes:
    """Push a dictionary of alternating keys and values."""
    return pickle.EMPTY_DICT + pickle.MARK + b"".join(items) + pickle.SETITEMS


def name(module: str, attribute: str) -> bytes:
    """Push what a module's attribute is, as protocol 4 does."""
    return text(module) + text(attribute) + pickle.STACK_GLOBAL


def name_line(module: str, attribute: str) -> bytes:
    """Push what a module's attribute is, as protocols 0 to 3 do."""
    return pickle.GLOBAL + f"{module}\n{attribute}\n".encode()


def called(callee: bytes, *args: bytes) -> bytes:
    """Push what a call returns."""
    return callee + several(*args) + pickle.REDUCE


def built(target: bytes, state: bytes) -> bytes:
    """Give a state to what is pushed."""
    return target + state + pickle.BUILD


def instance(module: str, class_name: str, state: bytes) -> bytes:
    """Push an object with attributes."""
    return built(name(module, class_name) + pickle.EMPTY_TUPLE + pickle.NEWOBJ, state)


def dtype(code: str, *state: bytes) -> bytes:
    """Push a dtype, with a state of its own if there is one."""
    new = called(name("numpy", "dtype"), text(code), pickle.NEWFALSE, pickle.NEWTRUE)
    return built(new, several(*state)) if state else new


def array(shape: bytes, of: bytes, content: bytes) -> bytes:
    """Push an array as NumPy pickles it."""
    new = called(
        name("numpy._core.multiarray", "_reconstruct"),
        name("numpy", "ndarray"),
        several(number(0)),
        data(b"b"),
    )
    return built(new, several(number(1), shape, of, pickle.NEWFALSE, content))


def wrapped_array(shape: bytes, of: bytes, content: bytes, order: bytes = text("C")) -> bytes:
    """Push an array as joblib writes it, with nothing between the wrapper and its bytes."""
    state = mapping(
        text("subclass"), name("numpy", "ndarray"), text("shape"), shape, text("order"), order,
        text("dtype"), of, text("allow_mmap"), pickle.NEWFALSE,
    )  # fmt: skip
    return instance("joblib.numpy_pickle", "NumpyArrayWrapper", state) + content
