"""What the other stages have made in the same output folder, each in a database of its own.

Their databases are only read, and one that cannot be read is as good as none.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.database.engine import Connection, Database, Place, open_for_reading
from shared.database.members import content_vectors, embedded_digests, known_pictures
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.records import Picture

FILES = tuple(f"{one.__tablename__}.sqlite" for one in (DatasetCache, ScoreCache, ZipScoreCache))

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Answers of the other stages' databases, by the SHA-256 of files' bytes."""

    databases: tuple[Database, ...] = ()

    def pictures(self, digests: Collection[bytes]) -> dict[bytes, Picture]:
        """Return the facts of those pictures that have been decoded there."""
        found: dict[bytes, Picture] = {}
        for answer in self._iter_answers(known_pictures, [*digests]):
            found |= answer
        return found

    def embedded(self, digests: Collection[bytes], embedder: str) -> set[bytes]:
        """Return those of the digests that the embedder has made a vector of there."""
        return set().union(*self._iter_answers(embedded_digests, [*digests], embedder))

    def vectors(
        self, digests: Collection[bytes], embedder: str
    ) -> Mapping[bytes, NDArray[np.float32]]:
        """Return the vectors that the embedder has made there."""
        found: dict[bytes, NDArray[np.float32]] = {}
        for answer in self._iter_answers(content_vectors, [*digests], embedder):
            found |= answer
        return found

    def _iter_answers(
        self,
        statement: Callable[Concatenate[Connection, list[bytes], Arguments], Answer],
        digests: list[bytes],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Iterator[Answer]:
        for database in self.databases if digests else ():
            try:
                yield database.run(statement, digests, *args, **kwargs)
            except RunError:
                continue


NOWHERE = Elsewhere()


@contextmanager
def opened_elsewhere(folder: Path, own: Place) -> Iterator[Elsewhere]:
    """Open the databases of other stages in a folder, those that are there."""
    paths = [folder / name for name in FILES]
    with ExitStack() as stack:
        yield Elsewhere(
            tuple(
                stack.enter_context(open_for_reading(path))
                for path in paths
                if path != own and path.is_file()
            )
        )
