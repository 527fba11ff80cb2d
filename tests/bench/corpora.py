"""Archives of pictures, and the metadata that knows them."""

import io
import itertools
import os
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from tests.bench.entries import metadata_entry, vector, written_as_legacy
from tests.bench.pictures import picture, tiny_picture
from tests.bench.scene import CORPORA, N_BLOCKS

N_TINY_ARCHIVES = 10
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """An archive of the pictures from ``first`` on, the last ``n_nested`` in an inner archive."""

    path: Path
    method: int
    first: int
    n_images: int
    n_nested: int = 0


def build_photos(folder: str, block: str) -> None:
    """Write ten blocks of so many photos, all in the metadata, and link them to the corpora."""
    root, size = Path(folder), int(block)
    (root / "all").mkdir()
    plans = [plan for number in range(N_BLOCKS) for plan in block_plans(root / "all", number, size)]
    with ProcessPoolExecutor() as pool:
        entries = list(itertools.chain.from_iterable(pool.map(write_archive, plans)))
    assert len({entry.hash_id for entry in entries}) == N_BLOCKS * size
    _write_metadata(root, iter(entries))
    for corpus, n_blocks in CORPORA.items():
        (root / corpus).mkdir()
        for plan in plans[: n_blocks * len(plans) // N_BLOCKS]:
            os.link(plan.path, root / corpus / plan.path.name)


def build_tiny(folder: str, n_images: str) -> None:
    """Write archives of tiny pictures, all in the metadata, and the vectors as one matrix."""
    root, size = Path(folder), int(n_images) // N_TINY_ARCHIVES
    (root / "archives").mkdir()
    _write_metadata(root, _iter_tiny(root / "archives", size))
    np.save(root / "vectors.npy", np.stack([vector(i) for i in range(N_TINY_ARCHIVES * size)]))


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
    pictures = [picture(number) for number in range(plan.first, plan.first + plan.n_images)]
    n_outer = plan.n_images - plan.n_nested
    outer = [(f"photos/{name}", content) for name, content in pictures[:n_outer]]
    if plan.n_nested:
        outer.append(("more.zip", _zipped(pictures[n_outer:], zipfile.ZIP_DEFLATED)))
    plan.path.write_bytes(_zipped(outer, plan.method))
    return [
        metadata_entry(number, name, content)
        for number, (name, content) in enumerate(pictures, start=plan.first)
    ]


def _iter_tiny(folder: Path, size: int) -> Iterator[MetadataEntry]:
    """Write one archive after another and tell of its pictures."""
    for first in range(0, N_TINY_ARCHIVES * size, size):
        numbers = range(first, first + size)
        pictures = [(f"{number:06}.png", tiny_picture(number)) for number in numbers]
        (folder / f"{first:06}.zip").write_bytes(_zipped(pictures, zipfile.ZIP_STORED))
        for number, (name, content) in zip(numbers, pictures, strict=True):
            yield metadata_entry(number, name, content)


def _zipped(members: Sequence[tuple[str, bytes]], method: int) -> bytes:
    """Content of an archive, the same whenever it is made."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), content, method)
    return file.getvalue()


def _write_metadata(folder: Path, entries: Iterator[MetadataEntry]) -> None:
    """Write ``legacy.json``, and ``known.json``, which tells the digests of files too."""
    write_metadata(folder / "known.json", written_as_legacy(folder / "legacy.json", entries))
