"""Loading a metadata file: from its index where that holds, else from front to back."""

import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.metadata.arrays import MISSING, key_digest, positions, words
from shared.metadata.building import built_index
from shared.metadata.entries import Flaw
from shared.metadata.index import Index, index_paths, is_racy, stamp, trusted_index
from shared.metadata.opening import MetadataFile
from shared.records import EmbedderName, Picture
from shared.replacing import Replacement


@dataclass(frozen=True, eq=False, slots=True)
class Metadata:
    """A metadata file, loaded. Hashes are compared as the texts that they are, case and all.

    Of each picture some 40 bytes are in memory, 160 where the file tells its digest; vectors stay
    on the disk.
    """

    path: Path
    index: Index

    @property
    def digest(self) -> bytes:
        """SHA-256 of all that it tells here, 32 bytes long.

        It is the same for every spelling of the same vectors, hashes and sizes in the same order,
        whatever else the file holds.
        """
        return self.index.facts.digest

    @property
    def embedder(self) -> EmbedderName | None:
        """What made the vectors; None where no entry tells."""
        return self.index.facts.embedder

    @property
    def n_images(self) -> int:
        """How many pictures have a usable vector."""
        return len(self.index.arrays["sizes"])

    @property
    def n_features(self) -> int:
        """Width of every vector."""
        return self.index.facts.n_features

    @property
    def vectors(self) -> NDArray[np.float32]:
        """All vectors, (n_images, n_features), read anew: for files that are known to be small."""
        return self.vectors_of(np.arange(self.n_images))

    def vectors_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the vectors of some rows, (len(rows), n_features); all numbers are finite.

        Raises
        ------
        RunError
            Where the index has been cut short since it was opened, or cannot be read.
        """
        return self.index.vectors.take(rows)

    def rows(self, hashes: Sequence[str]) -> NDArray[np.int64]:
        """Find pictures by their hashes.

        Returns
        -------
        int64 (len(hashes),)
            Row of its vector; `MISSING` for a hash that is not in the file, `BAD` for one whose
            vector cannot be used.
        """
        found = self._places(hashes)
        rows = np.full(len(found), MISSING, np.int64)
        rows[found >= 0] = self.index.arrays["rows"][found[found >= 0]]
        return rows

    def bad_reason(self, image_hash: str) -> str:
        """Say what is wrong with the vector of a hash that is `BAD`; empty for any other."""
        place = int(self._places([image_hash])[0])
        if place < 0:
            return ""
        flaw = Flaw(int(self.index.arrays["flaws"][place]))
        return flaw.reason(int(self.index.arrays["lengths"][place]), self.n_features)

    def resolutions(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Look up the sizes of pictures.

        Parameters
        ----------
        rows : int64 (n,)
            Rows of vectors; negative ones are allowed.

        Returns
        -------
        int64 (n, 2)
            Width and height in pixels; zeros where the entry does not tell, or there is no row.
        """
        sizes = self.index.arrays["sizes"][np.maximum(rows, 0)].astype(np.int64)
        sizes[rows < 0] = 0
        return sizes

    def find_content(self, digests: Sequence[bytes]) -> list[Picture | None]:
        """Tell what decoding a file would give, from the SHA-256 of its bytes; None if unknown.

        Stage 1 writes these facts; of a file for which two entries tell different ones, nothing
        is known.
        """
        places = positions(self.index.arrays["contents"], words(digests, 4))
        return [_picture(self.index.arrays["pictures"][at]) if at >= 0 else None for at in places]

    def _places(self, hashes: Iterable[str]) -> NDArray[np.int64]:
        return positions(self.index.arrays["keys"], words(map(key_digest, hashes), 2))


def load_metadata(path: Path, cache_folder: Path, *, leaves_index: bool = True) -> Metadata:
    """Load a metadata file; only keys and vectors are needed.

    Parameters
    ----------
    path : Path
        The file, JSON or Parquet. An index that makes the next load fast is written beside it,
        hidden, as ``.<name>.vectors``.
    cache_folder : Path
        Where the index goes if the file's folder cannot be written. Where neither can, the
        vectors stay in memory.
    leaves_index : bool
        Whether to write one where there is none; else it goes to a nameless temporary file.

    Returns
    -------
    Metadata
        With at least one vector.

    Raises
    ------
    RunError
        Where the file cannot be read, is neither, holds no usable vector, or mixes vectors
        of two embedders.
    """
    with MetadataFile(path) as opened:
        places = index_paths(path, cache_folder)
        kept = (trusted_index(place, stamp(opened.status)) for place in places)
        index = next(filter(None, kept), None)
        if index is None:
            index = _first_load(opened, places) if leaves_index else _passing_load(opened)
    return Metadata(path, index)


def _first_load(opened: MetadataFile, places: tuple[Path, ...]) -> Index:
    for place in places:
        # Reading raises RunError alone, so an OSError means that this place cannot be written.
        with suppress(OSError):
            return _load_into(opened, place)
    return built_index(opened, io.BytesIO(), opened.path)


def _passing_load(opened: MetadataFile) -> Index:
    with suppress(OSError), TemporaryFile() as file:
        return built_index(opened, file, opened.path)
    return built_index(opened, io.BytesIO(), opened.path)


def _load_into(opened: MetadataFile, place: Path) -> Index:
    place.parent.mkdir(parents=True, exist_ok=True)
    with Replacement(place, mode=opened.status.st_mode & 0o666 | 0o200) as replacement:
        index = built_index(opened, replacement.file, place)
        if not is_racy(opened.status, replacement.created_ns):
            with suppress(OSError):  # then the next load has to be a first load again
                replacement.place(durable=False)
    return index


def _picture(record: Any) -> Picture:  # noqa: ANN401  # a scalar of a structured array has no type
    return Picture(
        record["hash"].tobytes().hex(),
        record["mode"].decode("ascii", "replace"),
        int(record["width"]),
        int(record["height"]),
        record["format"].decode("ascii", "replace"),
    )
