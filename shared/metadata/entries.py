"""What one entry of a metadata file tells: its vector or what is wrong with it, and the rest.

Only the vector is needed; all else counts where it is well-formed and is ignored where it is not.
"""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TypeGuard

import numpy as np

from shared.names import storable
from shared.records import EmbedderName, Picture

MAX_SIDE_PIXELS = 2**31 - 1
_MAX_NAME_CHARACTERS = 100
_PIXEL_HASH = re.compile(r"[0-9a-f]{128}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHORT_NAME = re.compile(r"[A-Za-z0-9;]{1,8}")  # Pillow's formats and modes, as WEBP and I;16B


class Flaw(IntEnum):
    """Why an entry's vector cannot be used; stored in the sidecar."""

    NONE = 0
    NO_OBJECT = 1
    NO_VECTOR = 2
    NO_LIST = 3
    EMPTY = 4
    TEXT = 5
    NULL = 6
    BOOLEAN = 7
    NESTED = 8
    NAN = 9
    INFINITE = 10
    TOO_LARGE = 11
    WIDTH = 12

    def reason(self, length: int, n_features: int) -> str:
        """Sentence for the user, about a vector of ``length`` numbers."""
        return _REASONS[self].format(length=length, n_features=n_features)


_REASONS = {
    Flaw.NONE: "",
    Flaw.NO_OBJECT: "entry is no object with an embeddings_vector",
    Flaw.NO_VECTOR: "entry has no embeddings_vector",
    Flaw.NO_LIST: "embeddings_vector is no list",
    Flaw.EMPTY: "vector is empty",
    Flaw.TEXT: "vector holds a text, numbers are needed",
    Flaw.NULL: "vector holds null, numbers are needed",
    Flaw.BOOLEAN: "vector holds true or false, numbers are needed",
    Flaw.NESTED: "vector holds a list or an object, numbers are needed",
    Flaw.NAN: "vector holds NaN",
    Flaw.INFINITE: "vector holds an infinite number",
    Flaw.TOO_LARGE: "vector holds a number too large for float32",
    Flaw.WIDTH: "vector has {length} numbers, {n_features} are needed",
}
_FLAW_OF_TYPE: dict[type, Flaw] = {
    str: Flaw.TEXT,
    type(None): Flaw.NULL,
    bool: Flaw.BOOLEAN,
    list: Flaw.NESTED,
    dict: Flaw.NESTED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, checked.

    ``vector`` are its numbers as little-endian float32, all finite, and nothing where ``flaw``
    says why. ``size`` is width and height in pixels, zeros where the entry does not tell.
    """

    vector: bytes
    flaw: Flaw
    size: tuple[int, int] = (0, 0)
    embedder: EmbedderName | None = None
    content: tuple[bytes, Picture] | None = None
    """SHA-256 of the picture's file and what decoding that file gives."""


def checked_entry(key: str, value: object) -> Entry:
    """Read an entry from its parsed JSON; ``key`` is its picture's hash, whatever is inside."""
    if not isinstance(value, dict):
        return Entry(b"", Flaw.NO_OBJECT)
    size = _size(value)
    content = _content(key, value, size) if "file_sha256" in value else None
    vector = _vector(value)
    if isinstance(vector, Flaw):
        return Entry(b"", vector, size, content=content)
    return Entry(vector, Flaw.NONE, size, _embedder(value), content)


def _vector(value: dict[str, object]) -> bytes | Flaw:
    numbers = value.get("embeddings_vector")
    if not isinstance(numbers, list):
        return Flaw.NO_LIST if "embeddings_vector" in value else Flaw.NO_VECTOR
    return _packed(numbers) if numbers else Flaw.EMPTY


def _packed(numbers: list[float]) -> bytes | Flaw:
    try:
        vector = struct.pack(f"<{len(numbers)}f", *numbers)
    except (OverflowError, struct.error):
        return _flaw_of_types(numbers) or Flaw.TOO_LARGE
    array = np.frombuffer(vector, "<f4")
    if not np.isfinite(array).all():
        return Flaw.NAN if np.isnan(array).any() else Flaw.INFINITE
    # Packing takes true for 1 and false for 0, which both start with two zero bytes. Those are
    # rare in vectors and quickly looked for; to look at all types is slow.
    if b"\0\0" in vector:
        return _flaw_of_types(numbers) or vector
    return vector


def _flaw_of_types(numbers: list[float]) -> Flaw:
    flaws = {_FLAW_OF_TYPE.get(kind, Flaw.NONE) for kind in set(map(type, numbers))}
    return max(flaws)


def _size(value: dict[str, object]) -> tuple[int, int]:
    resolution = value.get("image_resolution")
    if isinstance(resolution, list) and len(resolution) == 2 and all(map(_is_side, resolution)):
        return resolution[0], resolution[1]
    width, height = value.get("image_xsize"), value.get("image_ysize")
    if _is_side(width) and _is_side(height):
        return width, height
    return 0, 0


def _is_side(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 < value <= MAX_SIDE_PIXELS


def _embedder(value: dict[str, object]) -> EmbedderName | None:
    names = [value.get(key) for key in ("embeddings_type", "model", "pretrained")]
    return _embedder_named(*(name if isinstance(name, str) else "" for name in names))


@lru_cache(maxsize=2)
def _embedder_named(*names: str) -> EmbedderName | None:
    texts = [storable(name[:_MAX_NAME_CHARACTERS]) for name in names]
    return EmbedderName(*texts) if any(texts) else None


def _content(
    key: str, value: dict[str, object], size: tuple[int, int]
) -> tuple[bytes, Picture] | None:
    digest, mode, kind = (value.get(name) for name in ("file_sha256", "image_mode", "file_type"))
    if (
        all(size)
        and _matches(key, _PIXEL_HASH)
        and _matches(digest, _DIGEST)
        and _matches(mode, _SHORT_NAME)
        and _matches(kind, _SHORT_NAME)
    ):
        return bytes.fromhex(digest), Picture(key, mode, *size, kind)
    return None


def _matches(value: object, pattern: re.Pattern[str]) -> TypeGuard[str]:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
