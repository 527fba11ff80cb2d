"""What earlier runs and the metadata know, so that reading need not do it again.

What other stages have made in the same output folder is known too, and their vectors handed on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shared.batching import iter_batches
from shared.database.engine import Database
from shared.database.members import embedded_digests, known_pictures
from shared.errors import RunError
from shared.flow.reading.elsewhere import NOWHERE, Elsewhere
from shared.flow.vector_lookup import matching_rows
from shared.metadata.arrays import MISSING
from shared.metadata.loading import Metadata
from shared.records import Picture, Reading

MAX_ASKED = 500
_ELSEWHERE, _AGAIN = "the other stages' databases", "Run the same command again."


@dataclass(frozen=True, slots=True)
class Known:
    """Answers by the SHA-256 of files' bytes.

    ``metadata`` is None where there is none yet; ``embedder`` is the name under which vectors are
    kept, empty where none is at hand.
    """

    database: Database
    metadata: Metadata | None
    embedder: str
    elsewhere: Elsewhere = NOWHERE

    def pictures(self, digests: Sequence[bytes]) -> Mapping[bytes, Picture]:
        """Return the facts of those pictures that have been decoded before."""
        found = {}
        if self.metadata is not None:
            told = zip(digests, self.metadata.find_content(digests), strict=True)
            found = {digest: picture for digest, picture in told if picture}
        rest = [digest for digest in digests if digest not in found]
        found |= self.database.run(known_pictures, rest) if rest else {}
        rest = [digest for digest in rest if digest not in found]
        return found | self.elsewhere.pictures(rest)

    def lacking(self, pictures: Mapping[bytes, Picture]) -> set[bytes]:
        """Return which of the pictures have no vector yet."""
        lacking = self._lacking_here(pictures)
        return lacking - self.elsewhere.embedded(lacking, self.embedder)

    def iter_completed(self, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Yield the readings, with vectors that only the other stages have.

        Raises
        ------
        RunError
            Where one that was `lacking` no more cannot be read now: it would be lost unnoticed.
        """
        if not self.embedder or not self.elsewhere.databases:
            yield from readings
            return
        for batch in iter_batches(readings, MAX_ASKED):
            pictures = {
                one.content_sha256: one.picture
                for one in batch
                if one.content_sha256 and one.picture and one.vector is None
            }
            lacking = self._lacking_here(pictures)
            vectors = self.elsewhere.vectors(lacking, self.embedder)
            if lacking - vectors.keys():
                raise RunError(_ELSEWHERE, "vectors there can no longer be read", _AGAIN)
            for one in batch:
                vector = vectors.get(one.content_sha256) if one.content_sha256 else None
                yield one if vector is None else replace(one, vector=vector)

    def _lacking_here(self, pictures: Mapping[bytes, Picture]) -> set[bytes]:
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
