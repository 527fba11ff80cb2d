"""What earlier runs, the metadata and the other stages know, so that reading need not do it again.

All answers go by the SHA-256 of files' bytes. The places are asked in order: the metadata, this
run's own database, the databases of other stages in the same output folder. Nothing is written.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.batching import iter_batches
from shared.database.engine import Connection, Database, DatabasePlace, open_for_reading
from shared.database.pictures import content_vectors, embedded_digests, known_pictures
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.flow.vector_lookup import matching_rows
from shared.metadata.arrays import MISSING
from shared.metadata.loading import Metadata
from shared.records import Picture, Reading

MAX_ASKED = 500
FILES = tuple(f"{one.__tablename__}.sqlite" for one in (DatasetCache, ScoreCache, ZipScoreCache))
_ELSEWHERE = "the other stages' databases"
_AGAIN = "Run the same command again; where that does not help, move them away."

Pictures: TypeAlias = Mapping[bytes, Picture]
Vectors: TypeAlias = Mapping[bytes, NDArray[np.float32]]
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class KnowingPlace(Protocol):
    """One place where earlier work may be found."""

    def pictures(self, digests: Sequence[bytes]) -> Pictures:
        """Return the facts of those pictures that have been decoded before."""

    def embedded(self, pictures: Pictures) -> Collection[bytes]:
        """Return which of the pictures have a vector there."""


@dataclass(frozen=True, slots=True)
class InMetadata:
    """What the metadata tells; None where there is none yet."""

    metadata: Metadata | None

    def pictures(self, digests: Sequence[bytes]) -> Pictures:
        """Return the facts of the pictures that the metadata knows by their files' bytes."""
        if self.metadata is None:
            return {}
        told = zip(digests, self.metadata.find_content(digests), strict=True)
        return {digest: picture for digest, picture in told if picture}

    def embedded(self, pictures: Pictures) -> Collection[bytes]:
        """Return which pictures the metadata has a vector of, or a bad one: it is not replaced."""
        if self.metadata is None:
            return ()
        sizes = [(picture.width, picture.height) for picture in pictures.values()]
        hashes = [picture.hash_id for picture in pictures.values()]
        rows, _ = matching_rows(self.metadata, hashes, np.array(sizes, np.int64).reshape(-1, 2))
        return [digest for digest, row in zip(pictures, rows, strict=True) if row != MISSING]


@dataclass(frozen=True, slots=True)
class InDatabase:
    """What a stage's database tells of one embedder's vectors.

    One of another stage, which ``may_fail``, is only read, and as good as none where it cannot be.
    """

    database: Database
    embedder: str
    may_fail: bool = False

    def pictures(self, digests: Sequence[bytes]) -> Pictures:
        """Return the facts of those pictures that its runs have decoded."""
        return self._answer(known_pictures, [*digests]) or {}

    def embedded(self, pictures: Pictures) -> Collection[bytes]:
        """Return which of the pictures the embedder has made a vector of."""
        return self._answer(embedded_digests, [*pictures], self.embedder) or ()

    def vectors(self, digests: Collection[bytes]) -> Vectors:
        """Return the vectors that the embedder has made of some pictures."""
        return self._answer(content_vectors, [*digests], self.embedder) or {}

    def _answer(
        self,
        statement: Callable[Concatenate[Connection, list[bytes], Arguments], Answer],
        digests: list[bytes],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer | None:
        if not digests:
            return None
        try:
            return self.database.run(statement, digests, *args, **kwargs)
        except RunError:
            if self.may_fail:
                return None
            raise


@dataclass(frozen=True, slots=True)
class Known:
    """Answers of all places together. Scoring looks into ``own`` itself, but not into ``others``.

    ``embedder`` names the one at hand; where it is empty, no vectors are handed on from the others.
    """

    own: tuple[KnowingPlace, ...]
    others: tuple[InDatabase, ...]
    embedder: str

    def pictures(self, digests: Sequence[bytes]) -> Pictures:
        """Return the facts of those pictures that have been decoded before."""
        found: dict[bytes, Picture] = {}
        for place in (*self.own, *self.others):
            if rest := [digest for digest in digests if digest not in found]:
                found |= place.pictures(rest)
        return found

    def lacking(self, pictures: Pictures) -> set[bytes]:
        """Return which of the pictures have no vector yet."""
        return _without_vector(pictures, (*self.own, *self.others))

    def iter_completed(self, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Yield the readings, with vectors that only the other stages have.

        Raises
        ------
        RunError
            Where one that was `lacking` no more cannot be read now: it would be lost unnoticed.
        """
        if not self.others or not self.embedder:
            yield from readings
            return
        for batch in iter_batches(readings, MAX_ASKED):
            pictures = {
                one.content_sha256: one.picture
                for one in batch
                if one.content_sha256 and one.picture and one.vector is None
            }
            lacking = _without_vector(pictures, self.own)
            vectors: dict[bytes, NDArray[np.float32]] = {}
            for place in self.others:
                vectors |= place.vectors(lacking - vectors.keys())
            if lacking - vectors.keys():
                raise RunError(_ELSEWHERE, "vectors there can no longer be read", _AGAIN)
            for one in batch:
                vector = vectors.get(one.content_sha256) if one.content_sha256 else None
                yield one if vector is None else replace(one, vector=vector)


def _without_vector(pictures: Pictures, places: Sequence[KnowingPlace]) -> set[bytes]:
    lacking = dict(pictures)
    for place in places:
        for digest in place.embedded(lacking) if lacking else ():
            del lacking[digest]
    return set(lacking)


def known_in(
    database: Database,
    metadata: Metadata | None,
    embedder: str,
    others: Sequence[Database] = (),
) -> Known:
    """Put the places in their order.

    Parameters
    ----------
    database : Database
        This run's own.
    metadata : Metadata or None
        None where there is none yet.
    embedder : str
        The name under which vectors are kept; empty where none is at hand.
    others : sequence of Database
        Those of the other stages.
    """
    theirs = tuple(InDatabase(one, embedder, may_fail=True) for one in others)
    return Known((InMetadata(metadata), InDatabase(database, embedder)), theirs, embedder)


@contextmanager
def opened_others(folder: Path, own: DatabasePlace) -> Iterator[list[Database]]:
    """Open the databases of other stages in a folder, those that are there."""
    paths = [folder / name for name in FILES]
    with ExitStack() as stack:
        yield [
            stack.enter_context(open_for_reading(path))
            for path in paths
            if path != own and path.is_file()
        ]


def settle_others(folder: Path, own: DatabasePlace) -> None:
    """Close the databases of other stages once more, when nobody else has them open any more.

    Two workers that close one at the same moment may each leave its log to the other.
    """
    if any((folder / f"{name}-wal").exists() for name in FILES):
        with opened_others(folder, own) as others:
            for database in others:
                with suppress(RunError):
                    database.run(lambda _: None)
