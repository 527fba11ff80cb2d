"""Archives of photos, and the metadata that knows their pictures."""

import hashlib
import io
import itertools
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.metadata import MetadataEntry, write_metadata
from shared.records import EmbedderName
from tests.bench.pictures import picture
from tests.bench.scene import CORPORA, N_BLOCKS

N_FEATURES = 512
EMBEDDER = EmbedderName("bench", "random", "")
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """An archive of the pictures from ``first`` on, the last ``n_nested`` in an inner archive."""

    path: Path
    method: int
    first: int
    n_images: int
    n_nested: int = 0


def build(folder: str, block: str) -> None:
    """Write ten blocks of so many pictures, metadata without and with digests, and the corpora."""
    root, size = Path(folder), int(block)
    (root / "all").mkdir()
    plans = [plan for number in range(N_BLOCKS) for plan in block_plans(root / "all", number, size)]
    with ProcessPoolExecutor() as pool:
        entries = list(itertools.chain.from_iterable(pool.map(write_archive, plans)))
    assert len({entry.hash_id for entry in entries}) == N_BLOCKS * size
    write_metadata(root / "known.json", entries)
    write_metadata(root / "legacy.json", (replace(entry, file_sha256="") for entry in entries))
    for corpus, n_blocks in CORPORA.items():
        (root / corpus).mkdir()
        for plan in plans[: n_blocks * len(plans) // N_BLOCKS]:
            os.link(plan.path, root / corpus / plan.path.name)


def block_plans(folder: Path, number: int, size: int) -> list[Plan]:
    """Plan a stored archive, a deflated one, and one with half of its pictures a level deeper."""
    first, half, quarter = number * size, size // 2, size // 4
    a, b, c = (folder / f"{number}{letter}.zip" for letter in "abc")
    return [
        Plan(a, zipfile.ZIP_STORED, first, half),
        Plan(b, zipfile.ZIP_DEFLATED, first + half, quarter),
        Plan(c, zipfile.ZIP_STORED, first + half + quarter, quarter, quarter // 2),
    ]


def write_archive(plan: Plan) -> list[MetadataEntry]:
    """Write an archive and tell of its pictures."""
    numbers = range(plan.first, plan.first + plan.n_images)
    pictures = [picture(number) for number in numbers]
    n_outer = plan.n_images - plan.n_nested
    outer = [(f"photos/{name}", content) for name, content in pictures[:n_outer]]
    if plan.n_nested:
        outer.append(("more.zip", zipped(pictures[n_outer:], zipfile.ZIP_DEFLATED)))
    plan.path.write_bytes(zipped(outer, plan.method))
    return [
        _entry(name, content, vector(number))
        for number, (name, content) in zip(numbers, pictures, strict=True)
    ]


def zipped(members: Sequence[tuple[str, bytes]], method: int) -> bytes:
    """Content of an archive, the same whenever it is made."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), content, method)
    return file.getvalue()


def vector(number: int) -> NDArray[np.float32]:
    """Vector of a picture, float32 (512,)."""
    rng = np.random.default_rng([2029, number])
    return rng.standard_normal(N_FEATURES, np.float32)


def _entry(name: str, content: bytes, features: NDArray[np.float32]) -> MetadataEntry:
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
            vector=features,
        )
