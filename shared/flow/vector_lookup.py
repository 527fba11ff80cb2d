"""The vector of each known picture: from the metadata, else from an embedder's earlier work."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.batching import iter_pages
from shared.database.bulk import PAGE
from shared.database.engine import Database
from shared.database.members import KnownMember
from shared.database.novelties import judged_pictures, unjudged_page, write_novelties
from shared.database.pictures import known_vectors
from shared.errors import Fate
from shared.flow.novelty import Novelty
from shared.metadata.arrays import BAD, MISSING
from shared.metadata.loading import Metadata

Verdict: TypeAlias = tuple[Fate, str]
SCORED: Verdict = (Fate.SCORED, "")


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """Vectors of the members that have one, and why the others have none.

    ``has_vector`` is bool (n_members,); ``vectors`` float32 (has_vector.sum(), n_features) in
    the members' order; ``verdicts``, a fate and its reason for each member. ``novelties`` are those
    of pictures that the metadata lacks, by their id, where they are not in the database yet;
    ``labelled`` the ids of those that it has.
    """

    has_vector: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    verdicts: list[Verdict]
    novelties: dict[int, float]
    labelled: list[int]


@dataclass(frozen=True, slots=True)
class VectorSource:
    """Looks vectors up. ``embedder`` names the one at hand; empty where none is."""

    database: Database
    metadata: Metadata
    embedder: str
    novelty: Novelty

    def find(self, members: Sequence[KnownMember]) -> Found:
        """Find the vector of each member's picture, or the reason why there is none."""
        sizes = np.array([(m.width, m.height) for m in members], np.int64).reshape(-1, 2)
        rows, others = matching_rows(self.metadata, [m.hash_id for m in members], sizes)
        missing: list[int] = np.flatnonzero(rows == MISSING).tolist()
        made = self._made([members[i].picture_id for i in missing])
        made_here = [i for i in missing if members[i].picture_id in made]
        has_vector = rows >= 0
        labelled = [members[i].picture_id for i in np.flatnonzero(has_vector).tolist()]
        vectors = self.metadata.vectors_of(rows[has_vector])
        if made_here:
            places = np.searchsorted(np.flatnonzero(has_vector), made_here)
            inserted = [made[members[i].picture_id] for i in made_here]
            vectors = np.insert(vectors, places, inserted, axis=0)
            has_vector[made_here] = True
        novelties = self._novelties(
            {members[i].picture_id: made[members[i].picture_id] for i in made_here}
        )
        verdicts = [SCORED] * len(members)
        for i in np.flatnonzero(~has_vector).tolist():
            verdicts[i] = self._reason(members[i], int(rows[i]), others[i])
        return Found(has_vector, vectors, verdicts, novelties, labelled)

    def judge_known(self) -> None:
        """Tell how novel pictures of the survey are that were scored before that was told."""
        pages = iter_pages(
            lambda after: self.database.run(unjudged_page, after, PAGE), 0, attrgetter("picture_id")
        )
        for some in pages:
            found = self.find(some)
            self.database.run(write_novelties, found.novelties, self.novelty.reference)

    def _made(self, picture_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        n_features = self.metadata.n_features
        return self.database.run(known_vectors, picture_ids, self.embedder, n_features)

    def _novelties(self, made: dict[int, NDArray[np.float32]]) -> dict[int, float]:
        known = self.database.run(judged_pictures, list(made), self.novelty.reference)
        new = [one for one in made if one not in known]
        if not new:
            return {}
        found = self.novelty.of(np.stack([made[one] for one in new]))
        return dict(zip(new, found.tolist(), strict=True))

    def _reason(self, member: KnownMember, row: int, other: NDArray[np.int64]) -> Verdict:
        if row == BAD:
            return Fate.BAD_VECTOR, self.metadata.bad_reason(member.hash_id)
        if other.any():
            found, expected = f"{member.width}x{member.height}", f"{other[0]}x{other[1]}"
            return Fate.NO_EMBEDDING, (
                f"the metadata has this hash for a picture of {expected}, this one is {found}"
            )
        return Fate.NO_EMBEDDING, "its hash is not in the metadata"


def matching_rows(
    metadata: Metadata, hashes: Sequence[str], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of pictures in the metadata, MISSING where it means a picture of another size.

    The pixel hash does not cover the size: two pictures of different size can share it.

    Parameters
    ----------
    metadata : Metadata
        Where to look.
    hashes : sequence of str, length n_images
        Image hashes.
    sizes : ndarray of int64, shape (n_images, 2)
        Width and height of each picture.

    Returns
    -------
    rows : ndarray of int64, shape (n_images,)
        The row, or MISSING, or BAD.
    others : ndarray of int64, shape (n_images, 2)
        Size of the picture that the metadata means, where it is another one; else zeros.
    """
    rows = metadata.rows(hashes)
    resolutions = np.zeros_like(sizes)
    resolutions[rows >= 0] = metadata.resolutions(rows[rows >= 0])
    differs = (resolutions != 0).all(axis=1) & (resolutions != sizes).any(axis=1)
    return np.where(differs, MISSING, rows), np.where(differs[:, None], resolutions, 0)
