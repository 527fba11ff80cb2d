"""Writing a metadata file in JSON, one entry per line."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from shared.errors import RunError
from shared.records import EmbedderName
from shared.replacing import Replacement


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
    } | ({"weights_sha256": digest} if (digest := entry.embedder.weights_sha256) else {})
