"""One entry of a metadata file, as both formats are asked to write it."""

import numpy as np

from shared.metadata.entries import MetadataEntry
from shared.records import EmbedderName

HASH = "ab" * 64
DIGEST = "01" * 32
ENTRY = MetadataEntry(
    hash_id=HASH,
    file_path="/data/cats/10.jpg",
    file_name="10.jpg",
    file_type="JPEG",
    image_size_bytes=119300,
    width=570,
    height=639,
    image_mode="RGB",
    file_sha256=DIGEST,
    tags=("cats", "not-pixel-art"),
    embedder=EmbedderName("CLIP", "ViT-B-32", "openai"),
    vector=np.array([0.1, -2.5], np.float32),
)
