"""Vectors that clip-retrieval made, given to the pictures of a dataset by their paths.

The pictures themselves are read as ever; only the embedding is spared.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path, PurePosixPath

import numpy as np

from shared.batching import iter_batches, iter_pages
from shared.database.engine import Database
from shared.database.pictures import (
    NO_VECTOR,
    add_vectors,
    forget_vectors,
    mark_imported,
    pictures_without,
)
from shared.errors import Fate, RunError
from shared.metadata.clip_retrieval import iter_vectors
from shared.names import container_address, member_address, spelling
from shared.records import EmbedderName

EMBEDDINGS_TYPE = "clip-retrieval"
NORMALISED = "L2-normalised"
MAX_BATCH_VECTORS = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """Where the vectors are, and how pictures are found by the paths that stand beside them.

    ``images`` is the folder or archive that holds the pictures now, as an absolute path.
    ``image_root`` is what paths begin with in its place; None where they are still right.
    """

    embeddings: Path
    images: Path
    image_root: str | None
    clip_model: str

    @property
    def name(self) -> EmbedderName:
        """Name of what made them: no other vectors have it, since ours are not normalised."""
        return EmbedderName(EMBEDDINGS_TYPE, self.clip_model, NORMALISED)


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of the vectors: each is one of the three."""

    n_used: int
    n_elsewhere: int
    n_unusable: int


def import_vectors(
    database: Database, imported: Imported, tell: Callable[[str, Fate, str], None]
) -> ImportCounts:
    """Give each picture in the database its vector, or the fate that it has none.

    Parameters
    ----------
    tell : callable
        Is told address, fate and reason of each picture that has none.

    Raises
    ------
    RunError
        Where the vectors cannot be read, or none of them is that of a picture.
    """
    embedder = str(imported.name)
    address_of = _addressing(imported)
    database.run(forget_vectors, embedder)
    n_vectors = n_usable = n_used = 0
    example = ""
    for batch in iter_batches(iter_vectors(imported.embeddings), MAX_BATCH_VECTORS):
        usable = [(address_of(p), v) for p, v in batch if np.isfinite(v).all()]
        vectors = {address: vector.tobytes() for address, vector in usable}
        found = database.run(add_vectors, vectors, embedder)
        n_used += sum(address in found for address, _ in usable)
        n_vectors, n_usable = n_vectors + len(batch), n_usable + len(usable)
        example = example or batch[0][0]
    if not n_used:
        raise RunError(
            str(imported.embeddings),
            f"none of its {n_vectors:,} vectors is that of a picture in {imported.images}: "
            f"the first is of {example}, looked for at {address_of(example) or 'no place'}",
            "Tell with --image_root what these paths begin with in the place of --input_folder.",
        )
    without = iter_pages(
        lambda after: database.run(pictures_without, embedder, after), 0, itemgetter(0)
    )
    for page in without:
        for _, address in page:
            tell(address, Fate.NO_EMBEDDING, NO_VECTOR)
    database.run(mark_imported, embedder)
    return ImportCounts(n_used, n_usable - n_used, n_vectors - n_usable)


def _addressing(imported: Imported) -> Callable[[str], str]:
    """Tell the address at which the picture of a path would be; empty where it is not below."""
    images = imported.images
    is_archive = images.is_file()
    root = None if imported.image_root is None else PurePosixPath(imported.image_root)

    def address_of(path: str) -> str:
        if root is None:
            folder, name = os.path.split(path)
            return container_address(f"{_real(folder)}/") + spelling(name)
        if not PurePosixPath(path).is_relative_to(root):
            return ""
        below = PurePosixPath(path).relative_to(root)
        if is_archive:
            return member_address(container_address(str(images)), spelling(str(below)))
        return container_address(f"{images / below.parent}/") + spelling(below.name)

    return address_of


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    """Path of a folder without links, as the pictures' own addresses are."""
    return folder if "\0" in folder else os.path.realpath(folder)
