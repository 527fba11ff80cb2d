"""What earlier runs and the metadata know, so that reading need not do it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.database.engine import Database
from shared.database.members import embedded_digests, known_pictures
from shared.metadata import MISSING, Metadata
from shared.records import Picture
from shared.vectors import matching_rows


@dataclass(frozen=True, slots=True)
class Known:
    """Answers by the SHA-256 of files' bytes.

    ``metadata`` is None where there is none yet; ``embedder`` is the name under which vectors are
    kept, empty where none is at hand.
    """

    database: Database
    metadata: Metadata | None
    embedder: str

    def pictures(self, digests: Sequence[bytes]) -> Mapping[bytes, Picture]:
        """Return the facts of those pictures that have been decoded before."""
        found = {}
        if self.metadata is not None:
            told = zip(digests, self.metadata.find_content(digests), strict=True)
            found = {digest: picture for digest, picture in told if picture}
        rest = [digest for digest in digests if digest not in found]
        return found | (self.database.run(known_pictures, rest) if rest else {})

    def lacking(self, pictures: Mapping[bytes, Picture]) -> set[bytes]:
        """Return which of the pictures have no vector yet."""
        missing = self._not_in_metadata(pictures)
        if not missing:
            return set()
        return set(missing) - self.database.run(embedded_digests, missing, self.embedder)

    def _not_in_metadata(self, pictures: Mapping[bytes, Picture]) -> list[bytes]:
        if self.metadata is None:
            return list(pictures)
        sizes = [(picture.width, picture.height) for picture in pictures.values()]
        hashes = [picture.hash_id for picture in pictures.values()]
        rows, _ = matching_rows(self.metadata, hashes, np.array(sizes, np.int64).reshape(-1, 2))
        return [digest for digest, row in zip(pictures, rows, strict=True) if row == MISSING]
