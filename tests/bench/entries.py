"""What the metadata tells of a picture: by stage 1 with digests of files, and as it was before."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.metadata.entries import MetadataEntry
from shared.records import EmbedderName

N_FEATURES = 512
EMBEDDER = EmbedderName("bench", "random", "")


def vector(number: int) -> NDArray[np.float32]:
    """Vector of a picture, float32 (512,)."""
    rng = np.random.default_rng([2029, number])
    return rng.standard_normal(N_FEATURES, np.float32)


def metadata_entry(number: int, name: str, content: bytes) -> MetadataEntry:
    """Tell of one picture what stage 1 would."""
    with Image.open(io.BytesIO(content)) as image:
        return MetadataEntry(
            hash_id=hashlib.blake2b(image.tobytes()).hexdigest(),
            file_path=f"photos/{name}",
            file_name=name,
            file_type=str(image.format),
            image_size_bytes=len(content),
            width=image.width,
            height=image.height,
            image_mode=image.mode,
            file_sha256=hashlib.sha256(content).hexdigest(),
            tags=(),
            embedder=EMBEDDER,
            vector=vector(number),
        )


def written_as_legacy(path: Path, entries: Iterable[MetadataEntry]) -> Iterator[MetadataEntry]:
    """Yield the entries and write them on the way, without digests, as `json.dump` spells them."""
    with path.open("w", encoding="utf-8") as file:
        separator = "{\n"
        for entry in entries:
            file.write(f'{separator}"{entry.hash_id}": {json.dumps(_legacy(entry))}')
            separator = ",\n"
            yield entry
        file.write("\n}\n")


def _legacy(entry: MetadataEntry) -> dict[str, object]:
    return {
        "hash_id": entry.hash_id,
        "file_path": entry.file_path,
        "file_name": entry.file_name,
        "file_type": entry.file_type,
        "image_size_bytes": entry.image_size_bytes,
        "image_resolution": [entry.width, entry.height],
        "image_xsize": entry.width,
        "image_ysize": entry.height,
        "image_tags": list(entry.tags),
        "embeddings_type": entry.embedder.embeddings_type,
        "model": entry.embedder.model,
        "pretrained": entry.embedder.pretrained,
        "embeddings_vector": entry.vector.tolist(),
    }
