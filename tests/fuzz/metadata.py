"""Damaged metadata files and indexes: each loads rightly or is refused, and nothing else."""

import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np

from shared.errors import RunError
from shared.metadata import index
from shared.metadata.arrays import BAD
from shared.metadata.loading import Metadata, load_metadata
from tests.fuzz.mutations import mutations

MAX_CASE_SECONDS = 2
SHARE_INDEX = 0.3
SHARE_TOKENS = 0.5
_TOKENS = (
    *(b"NaN", b"-Infinity", b"1e999", b"1e39", b"1e-999", b"9" * 400, b"9" * 5000, b"-0", b"null"),
    *(b"true", b'"', b"\\", b"\\u0000", b"\\ud800", b"}", b"{", b"]", b"[", b",", b":", b"\n"),
    *(
        b"[" * 2000,
        b'{"a":' * 2000,
        b'"embeddings_vector":[]',
        b"{}",
        b"[]",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
)
_FACTS = {
    "hash_id": "aa",
    "file_path": 'C:\\data\\"{1}"\\é.jpg',
    "file_type": "JPEG",
    "image_mode": "RGB",
    "image_resolution": [570, 639],
    "image_tags": ["}", "cats"],
    "embeddings_type": "CLIP",
    "model": "ViT-B-32",
    "pretrained": "openai",
}


def run(n_cases: int, seed: int = 0) -> Counter[str]:
    """Load so many damaged files, and count what became of them.

    Raises
    ------
    AssertionError
        If a case takes too long, or what is loaded is not what the json module reads, or a damaged
        index changes anything. Any other exception is the loader's own.
    """
    counts: Counter[str] = Counter()
    originals = _originals()
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(index, "FINE_TICK_NS", 0):
        path = Path(folder) / "fuzz.json"
        for number in range(n_cases):
            random = Random(f"{seed} {number}")
            started = time.process_time()
            if random.random() < SHARE_INDEX:
                counts[_try_index(path, random.choice(originals), random)] += 1
            else:
                counts[_try_json(path, _damaged(random.choice(originals), random))] += 1
            taken = time.process_time() - started
            assert taken < MAX_CASE_SECONDS, f"case {number} of seed {seed} took {taken:.1f} s"
    return counts


def _damaged(content: bytes, random: Random) -> bytes:
    if random.random() < SHARE_TOKENS:
        start = random.randrange(len(content))
        end = start + random.choice((0, 0, 1, 5, 30))
        content = content[:start] + random.choice(_TOKENS) + content[end:]
        if random.random() < 0.5:
            return content
    return mutations(content, random.getrandbits(64))


def _try_json(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    try:
        metadata = load_metadata(path, path.parent)
    except RunError:
        return "refused"
    _check_against_json(metadata, content)
    return "loaded"


def _check_against_json(metadata: Metadata, content: bytes) -> None:
    entries: dict[str, Any] = json.loads(content)
    rows = metadata.rows(list(entries))
    assert sorted(rows[rows >= 0]) == list(range(metadata.n_images))
    for (key, entry), row in zip(entries.items(), rows, strict=True):
        assert (row == BAD) == bool(metadata.bad_reason(key))
        if row >= 0:
            expected = np.array(entry["embeddings_vector"], np.float32)
            assert np.array_equal(metadata.vectors[row], expected)
        else:
            assert row == BAD


def _try_index(path: Path, content: bytes, random: Random) -> str:
    path.write_bytes(content)
    load_metadata(path, path.parent)
    beside = path.with_name(f".{path.name}.vectors")
    beside.write_bytes(mutations(beside.read_bytes(), random.getrandbits(64)))
    _check_against_json(load_metadata(path, path.parent), content)
    return "index"


def _originals() -> list[bytes]:
    entries = [
        {
            f"{n:0128x}": _FACTS
            | {"file_sha256": f"{n:064x}", "embeddings_vector": [n / 7] * width}
            for n in range(n_entries)
        }
        for n_entries, width in ((2, 3), (5, 8), (1, 1))
    ]
    mixed = entries[1] | {"odd": {"embeddings_vector": [1]}, "none": {}, "é": [{}]}
    return [
        json.dumps(document, indent=indent, ensure_ascii=indent is None).encode()
        for document in (*entries, mixed)
        for indent in (None, 4)
    ]
