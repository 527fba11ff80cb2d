"""A large collection of tiny pictures whose files the metadata knows: nothing of it is decoded."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from shared.metadata import MetadataEntry, write_metadata
from tests.bench.corpora import EMBEDDER, vector, zipped

SIDE = 4
N_ARCHIVES = 10


def build(folder: str, n_images: str) -> None:
    """Write the archives, the metadata, and the vectors in the order of the pictures."""
    root, size = Path(folder), int(n_images) // N_ARCHIVES
    (root / "archives").mkdir()
    write_metadata(root / "known.json", _iter_written(root / "archives", size))
    np.save(root / "vectors.npy", np.stack([vector(i) for i in range(N_ARCHIVES * size)]))


def tiny_picture(number: int) -> tuple[bytes, bytes]:
    """PNG of 4 by 4 pixels, and its pixels."""
    pixels = np.random.default_rng([2027, number]).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), pixels.tobytes()


def _iter_written(folder: Path, size: int) -> Iterator[MetadataEntry]:
    """Write one archive after another and yield what is in it."""
    for first in range(0, N_ARCHIVES * size, size):
        pictures = {number: tiny_picture(number) for number in range(first, first + size)}
        members = [(f"{number:06}.png", content) for number, (content, _) in pictures.items()]
        path = folder / f"{first:06}.zip"
        path.write_bytes(zipped(members, zipfile.ZIP_STORED))
        for number, (content, pixels) in pictures.items():
            yield _entry(number, content, pixels)


def _entry(number: int, content: bytes, pixels: bytes) -> MetadataEntry:
    return MetadataEntry(
        hash_id=hashlib.blake2b(pixels).hexdigest(),
        file_path=f"{number:06}.png",
        file_name=f"{number:06}.png",
        file_type="PNG",
        image_size_bytes=len(content),
        width=SIDE,
        height=SIDE,
        image_mode="RGB",
        file_sha256=hashlib.sha256(content).hexdigest(),
        tags=(),
        embedder=EMBEDDER,
        vector=vector(number),
    )
