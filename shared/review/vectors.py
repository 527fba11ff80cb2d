"""The vectors of all known pictures in one file, of length one each: mapped, never in memory whole.

It is made anew where pictures have come, and may be deleted at any time.
"""

import hashlib
import mmap
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.batching import iter_pages
from shared.database.engine import Database, DatabasePlace, open_for_reading
from shared.database.members import KnownMember
from shared.database.reviewing import newest_picture, pictures_page
from shared.flow.novelty import Novelty
from shared.flow.vector_lookup import VectorSource
from shared.metadata.loading import Metadata, load_metadata
from shared.records import LEAST
from shared.regular_files import open_regular
from shared.replacing import Replacement
from shared.review.gallery import TABLES, Letter

VECTORS_FILE = "vectors"
_MAGIC = b"review 2"
_HEAD = struct.Struct("<8sqq32s")
_FACTS = np.dtype([("number", "<i8"), ("length", "<f4"), ("unused", "<f4")])
_PAGE = 4096
_KIND_SHIFT = 56
_LETTERS: tuple[Letter, ...] = tuple(TABLES)

Vectors: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class KnownVectors:
    """``vectors`` float32 (n_images, n_features), all of length 1; ``numbers`` int64 (n_images,).

    ``lengths`` float32 (n_images,) are those that they had. The vectors are mapped. A number, which
    stands for a kind and a picture's id there, is taken apart by `picture_of`; they rise.
    """

    vectors: Vectors
    numbers: Numbers
    lengths: Vectors
    stamp: bytes

    def row_of(self, letter: Letter, picture: int) -> int | None:
        """Row of a picture; None where it has no vector."""
        wanted = _number(letter, picture)
        row = int(np.searchsorted(self.numbers, wanted))
        return row if row < len(self.numbers) and self.numbers[row] == wanted else None


def picture_of(number: int) -> tuple[Letter, int]:
    """Kind of a picture, and its id there."""
    return _LETTERS[number >> _KIND_SHIFT], number & ((1 << _KIND_SHIFT) - 1)


def map_vectors(folder: Path, stamp: bytes | None = None) -> KnownVectors | None:
    """Map the file, if it is there; None where it is not, or is not of this stamp."""
    with suppress(OSError, ValueError, struct.error):
        with open_regular(folder / VECTORS_FILE, ours=True) as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, n_images, n_features, found = _HEAD.unpack_from(mapped)
        n_bytes = _HEAD.size + n_images * (_FACTS.itemsize + 4 * n_features)
        if magic != _MAGIC or len(mapped) != n_bytes or (stamp and stamp != found):
            return None
        facts = np.frombuffer(mapped, _FACTS, n_images, _HEAD.size)
        start = _HEAD.size + n_images * _FACTS.itemsize
        flat = np.frombuffer(mapped, "<f4", n_images * n_features, start)
        vectors = flat.reshape(n_images, n_features)
        return KnownVectors(vectors, facts["number"].copy(), facts["length"].copy(), found)
    return None


def stamp_of(databases: Mapping[Letter, DatabasePlace], metadata: Metadata) -> bytes:
    """Digest of what the file depends on."""
    newest = []
    for letter, place in databases.items():
        with open_for_reading(place) as database:
            newest.append((letter, database.run(newest_picture)))
    return hashlib.sha256(repr(newest).encode() + metadata.digest).digest()


def gather_vectors(
    databases: Mapping[Letter, DatabasePlace], metadata_json: Path, output: Path, folder: Path
) -> bytes:
    """Write the file anew, where it is not as it is to be; return its stamp.

    Raises
    ------
    RunError
        Where metadata or databases cannot be read.
    OSError
        Where it cannot be written.
    """
    metadata = load_metadata(metadata_json, output)
    stamp = stamp_of(databases, metadata)
    if map_vectors(folder, stamp):
        return stamp
    n_features = metadata.n_features
    with (
        Replacement(folder / VECTORS_FILE) as whole,
        Replacement(folder / f"{VECTORS_FILE}.part") as part,
    ):
        n_images = 0
        # The facts go before the vectors, and how many there are is not known until the end.
        whole.file.write(bytes(_HEAD.size))
        for numbers, vectors in _iter_known(databases, metadata):
            facts = np.empty(len(numbers), _FACTS)
            facts["number"], facts["length"] = numbers, np.linalg.norm(vectors, axis=1)
            whole.file.write(facts.tobytes())
            lengths = facts["length"][:, np.newaxis]
            part.file.write((vectors / np.where(lengths > 0, lengths, 1)).astype("<f4").tobytes())
            n_images += len(numbers)
        part.file.seek(0)
        while block := part.file.read(2**24):
            whole.file.write(block)
        whole.file.seek(0)
        whole.file.write(_HEAD.pack(_MAGIC, n_images, n_features, stamp))
        whole.place(durable=False)
    return stamp


def _iter_known(
    databases: Mapping[Letter, DatabasePlace], metadata: Metadata
) -> Iterator[tuple[Numbers, Vectors]]:
    """Yield pictures that have a vector, with it."""
    name = metadata.embedder
    embedder = str(replace(name, precision=LEAST)) if name else ""
    for letter, place in databases.items():
        with open_for_reading(place) as database:
            source = VectorSource(database, metadata, embedder, Novelty(metadata))
            pages = iter_pages(partial(_page, database), 0, attrgetter("id"))
            for pictures in pages:
                found = source.find(pictures)
                ids = np.array([one.id for one in pictures], np.int64)[found.has_vector]
                yield ids + _number(letter, 0), found.vectors


def _page(database: Database, after: int) -> list[KnownMember]:
    return database.run(pictures_page, after, _PAGE)


def _number(letter: Letter, picture: int) -> int:
    return (_LETTERS.index(letter) << _KIND_SHIFT) + picture
