"""What one entry of a metadata file tells, read and written: its vector, or what is wrong with it.

Only the vector is needed; all else counts where it is well-formed and is ignored where it is not.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeGuard

import numpy as np
import orjson
from numpy.typing import NDArray

from shared.batching import iter_batches
from shared.errors import RunError
from shared.names import storable
from shared.records import EmbedderName, Picture
from shared.replacing import Replacement

_BATCH_ENTRIES = 16  # as many as stay in the processor's cache, parsed
_BATCH_NUMBERS = 2**16
MAX_SIDE_PIXELS = 2**31 - 1
_MAX_NAME_CHARACTERS = 100
_PIXEL_HASH = re.compile(r"[0-9a-f]{128}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHORT_NAME = re.compile(r"[A-Za-z0-9;]{1,8}")  # Pillow's formats and modes, as WEBP and I;16B
KEYS = (
    *("embeddings_vector", "image_resolution", "image_xsize", "image_ysize"),
    *("file_sha256", "image_mode", "file_type"),
    *("embeddings_type", "model", "pretrained", "weights_sha256", "precision"),
)
"""What is read of an entry."""


class Flaw(IntEnum):
    """Why an entry's vector cannot be used; stored in the index."""

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
class CheckedEntry:
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


def iter_checked(pairs: Iterable[tuple[str, object]]) -> Iterator[tuple[str, CheckedEntry]]:
    """Read entries from their keys, each its picture's hash, and their parsed JSON.

    A vector may be float32 (n_features,) in place of a list, not empty and all finite.
    """
    drafts = (_draft(key, value) for key, value in pairs)
    for batch in iter_batches(drafts, _BATCH_ENTRIES, _BATCH_NUMBERS, _n_numbers):
        is_suspect = _is_suspect(b"".join(draft.entry.vector for draft in batch))
        for draft in batch:
            yield draft.key, _looked_at(draft) if is_suspect else draft.entry


class _Draft(NamedTuple):
    """An entry whose vector may hold NaN, infinities, true and false: they pass the packing."""

    key: str
    entry: CheckedEntry
    numbers: list[object]


def _draft(key: str, value: object) -> _Draft:
    if not isinstance(value, dict):
        return _Draft(key, CheckedEntry(b"", Flaw.NO_OBJECT), [])
    size = _size(value)
    content = _content(key, value, size) if "file_sha256" in value else None
    numbers = value.get("embeddings_vector")
    if isinstance(numbers, np.ndarray):
        packed = numbers.astype("<f4", copy=False).tobytes()
        return _Draft(key, CheckedEntry(packed, Flaw.NONE, size, _embedder(value), content), [])
    if not isinstance(numbers, list):
        flaw = Flaw.NO_LIST if "embeddings_vector" in value else Flaw.NO_VECTOR
        return _Draft(key, CheckedEntry(b"", flaw, size, content=content), [])
    vector = _packed(numbers)
    if isinstance(vector, Flaw):
        return _Draft(key, CheckedEntry(b"", vector, size, content=content), [])
    return _Draft(key, CheckedEntry(vector, Flaw.NONE, size, _embedder(value), content), numbers)


def _n_numbers(draft: _Draft) -> int:
    return len(draft.numbers)


def _packed(numbers: list[object]) -> bytes | Flaw:
    if not numbers:
        return Flaw.EMPTY
    try:
        return struct.pack(f"<{len(numbers)}f", *numbers)
    except (OverflowError, struct.error):
        return _flaw_of_types(numbers) or Flaw.TOO_LARGE


def _is_suspect(vectors: bytes) -> bool:
    """Look at many vectors at once, since each look takes a while, and true is packed as 1."""
    numbers = np.frombuffer(vectors, "<f4")
    return bool(((numbers == 0) | (numbers == 1)).any() or not np.isfinite(numbers).all())


def _looked_at(draft: _Draft) -> CheckedEntry:
    numbers = np.frombuffer(draft.entry.vector, "<f4")
    if not np.isfinite(numbers).all():
        flaw = Flaw.NAN if np.isnan(numbers).any() else Flaw.INFINITE
    elif not draft.numbers or not (flaw := _flaw_of_types(draft.numbers)):
        return draft.entry
    return replace(draft.entry, vector=b"", flaw=flaw, embedder=None)


def _flaw_of_types(numbers: list[object]) -> Flaw:
    return max(_FLAW_OF_TYPE.get(kind, Flaw.NONE) for kind in set(map(type, numbers)))


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
    names = [value.get(field.name) for field in fields(EmbedderName)]
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


@dataclass(frozen=True, eq=False, slots=True)
class MetadataEntry:
    """A picture, the file it was first found in, and its vector.

    ``hash_id`` is the picture's hash, ``file_sha256`` the digest of that file's bytes as
    64 hex digits; ``file_type`` and ``image_mode`` are Pillow's format and mode; ``vector`` is
    float32 (n_features,) as the embedder gave it, all numbers finite.
    """

    hash_id: str
    file_path: str
    file_name: str
    file_type: str
    image_size_bytes: int
    width: int
    height: int
    image_mode: str
    file_sha256: str
    tags: tuple[str, ...]
    embedder: EmbedderName
    vector: NDArray[np.float32]


def write_json(path: Path, entries: Iterable[MetadataEntry]) -> int:
    """Write entries in JSON, one by one, as `write_metadata` says."""
    n_entries = 0
    with writing(path):
        replacement = Replacement(path)
    with replacement:
        for n_entries, entry in enumerate(entries, start=1):
            start = b"{\n" if n_entries == 1 else b",\n"
            with writing(path):
                replacement.file.write(start + _line(entry))
        with writing(path):
            replacement.file.write(b"\n}\n" if n_entries else b"{}\n")
            replacement.place()
    return n_entries


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the disk into the run's, with what to do."""
    try:
        yield
    except OSError as error:
        found = f"cannot be written: {error.strerror or error}"
        raise RunError(str(path), found, "Free some space, or choose another folder.") from error


def _line(entry: MetadataEntry) -> bytes:
    """Spell one entry: floats in the fewest digits that give the same float32 again."""
    vector = np.ascontiguousarray(entry.vector, np.float32)
    numbers = orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY)
    told = json.dumps(facts(entry)).encode()
    key = json.dumps(entry.hash_id).encode()
    return key + b": " + told[:-1] + b', "embeddings_vector": ' + numbers + b"}"


def facts(entry: MetadataEntry) -> dict[str, object]:
    """All but the vector, under the names of the format."""
    return {
        "hash_id": entry.hash_id,
        "file_path": entry.file_path,
        "file_name": entry.file_name,
        "file_type": entry.file_type,
        "image_size_bytes": entry.image_size_bytes,
        "file_sha256": entry.file_sha256,
        "image_mode": entry.image_mode,
        "image_resolution": [entry.width, entry.height],
        "image_xsize": entry.width,
        "image_ysize": entry.height,
        "image_tags": list(entry.tags),
        "embeddings_type": entry.embedder.embeddings_type,
        "model": entry.embedder.model,
        "pretrained": entry.embedder.pretrained,
    } | {
        name: told
        for name in ("weights_sha256", "precision")
        if (told := getattr(entry.embedder, name))
    }
