"""Vectors and facts of pictures, by hash and by file, out of a mapped sidecar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.metadata.entries import Flaw
from shared.metadata.layout import MISSING, Arrays
from shared.metadata.lookup import key_digest, positions, words
from shared.records import EmbedderName, Picture


@dataclass(frozen=True, eq=False, slots=True)
class Metadata:
    """A metadata file, loaded. Hashes are compared as the texts that they are, case and all.

    Attributes
    ----------
    path : Path
        The file.
    digest : bytes
        SHA-256 of all that it tells here, 32 bytes long: the same for every spelling of the same
        vectors, hashes and sizes in the same order, whatever else the file holds.
    embedder : EmbedderName or None
        What made the vectors; None where no entry tells.
    vectors : float32 (n_images, n_features)
        Read-only, mapped from a file; all numbers are finite.
    index : dict of arrays
        The sidecar's other arrays, see `layout.Counts.shapes`.
    """

    path: Path
    digest: bytes
    embedder: EmbedderName | None
    vectors: NDArray[np.float32]
    index: Arrays

    @property
    def n_images(self) -> int:
        """How many pictures have a usable vector."""
        return len(self.vectors)

    @property
    def n_features(self) -> int:
        """Width of every vector."""
        return int(self.vectors.shape[1])

    def rows(self, hashes: Sequence[str]) -> NDArray[np.int64]:
        """Find pictures by their hashes.

        Returns
        -------
        int64 (len(hashes),)
            Row in ``vectors``; `MISSING` for a hash that is not in the file, `BAD` for one whose
            vector cannot be used.
        """
        found = self._places(hashes)
        rows = np.full(len(found), MISSING, np.int64)
        rows[found >= 0] = self.index["rows"][found[found >= 0]]
        return rows

    def bad_reason(self, image_hash: str) -> str:
        """Say what is wrong with the vector of a hash that is `BAD`; empty for any other."""
        place = int(self._places([image_hash])[0])
        if place < 0:
            return ""
        flaw = Flaw(int(self.index["flaws"][place]))
        return flaw.reason(int(self.index["lengths"][place]), self.n_features)

    def resolutions(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Look up the sizes of pictures.

        Parameters
        ----------
        rows : int64 (n,)
            Rows in ``vectors``; negative ones are allowed.

        Returns
        -------
        int64 (n, 2)
            Width and height in pixels; zeros where the entry does not tell, or there is no row.
        """
        sizes = self.index["sizes"][np.maximum(rows, 0)].astype(np.int64)
        sizes[rows < 0] = 0
        return sizes

    def find_content(self, digests: Sequence[bytes]) -> list[Picture | None]:
        """Tell what decoding a file would give, from the SHA-256 of its bytes; None if unknown.

        Stage 1 writes these facts; of a file for which two entries tell different ones, nothing
        is known.
        """
        places = positions(self.index["contents"], words(digests, 4))
        return [_picture(self.index["pictures"][at]) if at >= 0 else None for at in places]

    def _places(self, hashes: Iterable[str]) -> NDArray[np.int64]:
        return positions(self.index["keys"], words(map(key_digest, hashes), 2))


def _picture(record: Any) -> Picture:  # noqa: ANN401  # a scalar of a structured array has no type
    return Picture(
        record["hash"].tobytes().hex(),
        record["mode"].decode("ascii", "replace"),
        int(record["width"]),
        int(record["height"]),
        record["format"].decode("ascii", "replace"),
    )
