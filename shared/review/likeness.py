"""More like this: the pictures whose vectors point the same way, among all that are known."""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.database.engine import DatabasePlace
from shared.database.reviewing import PlacedPicture, places_of
from shared.errors import RunError
from shared.review.apart import Errand, Tell
from shared.review.gallery import Gallery, Letter, PictureId
from shared.review.grids import ShownPicture
from shared.review.refusals import RefusedRequest
from shared.review.vectors import (
    KnownVectors,
    gather_vectors,
    map_vectors,
    picture_of,
)

SHARE_GATHERED = 3
"""Times as long as gathering took is waited until it is done again, while a run goes on."""
LEAST_PAUSE = 2.0
COPIES_ALLOWED = 4
"""So many times the pictures wanted are looked at: some may be the same."""


class Likeness:
    """Compares pictures by the cosine of their vectors; ready when these are gathered.

    Once that was asked for, it is done again where pictures have come; until then those of before
    are compared.
    """

    def __init__(self, gallery: Gallery, metadata_json: Path, output: Path, folder: Path) -> None:
        self._gallery = gallery
        self._arguments = (metadata_json, output, folder)
        self._folder = folder
        self._known: KnownVectors | None = map_vectors(folder)
        self._why = "The vectors are being gathered: try again in a moment."
        self._errand: Errand[...] | None = None
        self._is_ending = False
        self._lock = threading.Lock()
        self._stamp: object = None
        self._newest: list[int] = []
        self._not_before = math.inf

    @property
    def known(self) -> KnownVectors | None:
        """All vectors, if they are gathered."""
        self._gather_what_has_come()
        return self._known

    def gather(self) -> threading.Thread:
        """Gather the vectors of all pictures in a process, where they are not; return at once."""
        self._not_before = math.inf
        self._stamp, self._newest = self._gallery.stamp(), self._gallery.newest()
        thread = threading.Thread(target=self._gather, daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        """End what gathers them."""
        self._is_ending = True
        if self._errand:
            self._errand.end()

    def _gather_what_has_come(self) -> None:
        with self._lock:
            if time.monotonic() < self._not_before or self._is_ending:
                return
            stamp = self._gallery.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                if self._gallery.newest() != self._newest:
                    self.gather()

    def like(
        self, key: PictureId, picture: PlacedPicture, limit: int
    ) -> list[tuple[ShownPicture, float]]:
        """Find the pictures that are most like one, and how alike they are, 1 at most.

        Raises
        ------
        RefusedRequest
            Where it has no vector, or they are not there yet.
        """
        known = self._ready()
        row = known.row_of(key[0], picture.picture_id)
        if row is None:
            raise RefusedRequest(404, "This picture has no vector, so none is known to be like it.")
        found = self.nearest(known.vectors[row], limit + 1)
        return [(one, near) for one, near in found if one.hash_id != picture.hash_id][:limit]

    def nearest(
        self, vector: NDArray[np.float32], limit: int, wanted: NDArray[np.bool_] | None = None
    ) -> list[tuple[ShownPicture, float]]:
        """Find the pictures whose vectors are nearest to one (n_features,), each once."""
        known = self._ready()
        near = known.vectors @ np.ascontiguousarray(vector)
        if wanted is not None:
            near[~wanted] = -2
        count = min(COPIES_ALLOWED * limit, len(near))
        best = np.argpartition(near, len(near) - count)[len(near) - count :]
        best = best[np.argsort(-near[best], kind="stable")]
        return self.shown(known, best, near[best])[:limit]

    def shown(
        self, known: KnownVectors, rows: NDArray[np.intp], likeness: NDArray[np.float32]
    ) -> list[tuple[ShownPicture, float]]:
        """Find the pictures of some rows, each once, in the order of the rows."""
        keys = [picture_of(int(number)) for number in known.numbers[rows]]
        places = self._places(keys)
        found: dict[str, tuple[ShownPicture, float]] = {}
        for key, near in zip(keys, likeness.tolist(), strict=True):
            if key in places:
                member, hash_id = places[key]
                found.setdefault(hash_id, (ShownPicture((key[0], member), hash_id, None), near))
        return list(found.values())

    def _places(
        self, keys: Sequence[tuple[Letter, int]]
    ) -> Mapping[tuple[Letter, int], tuple[int, str]]:
        found: dict[tuple[Letter, int], tuple[int, str]] = {}
        for letter, database in self._gallery.databases.items():
            pictures = [number for kind, number in keys if kind == letter]
            for number, place in database.run(places_of, pictures).items():
                found[letter, number] = place
        return found

    def _ready(self) -> KnownVectors:
        known = self.known
        if known is None or not len(known.numbers):
            raise RefusedRequest(503, self._why)
        return known

    def _gather(self) -> None:
        start = time.monotonic()
        try:
            self._gather_all()
        finally:
            end = time.monotonic()
            self._not_before = end + max(LEAST_PAUSE, SHARE_GATHERED * (end - start))

    def _gather_all(self) -> None:
        places = {letter: one.place for letter, one in self._gallery.databases.items()}
        try:
            errand = Errand(_gather)
            self._errand = errand
            errand.run(lambda _: None, places, *self._arguments)
        except (RunError, OSError) as error:
            self._why = f"There are no vectors to compare: {error}"
        else:
            self._known = map_vectors(self._folder) or self._known
            if self._known is None or not len(self._known.numbers):
                self._why = "None of the pictures has a vector in the metadata or the databases."


def _gather(
    tell: Tell,
    databases: Mapping[Letter, DatabasePlace],
    metadata_json: Path,
    output: Path,
    folder: Path,
) -> None:
    try:
        gather_vectors(databases, metadata_json, output, folder)
    except OSError as error:
        raise RunError(str(folder), f"cannot be written ({error.strerror})") from error
    tell("gathered")
