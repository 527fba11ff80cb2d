"""Vectors of pictures that the metadata lacks, as stage 3 or 4 made them, out of its database.

Its names tell the weights' digest, which metadata of other tools does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.database.engine import open_given
from shared.database.pictures import stored_embedders, stored_vectors
from shared.errors import RunError
from shared.metadata.loading import Metadata
from shared.names import printable
from shared.pictures.embedders.towers import means
from shared.records import embedder_words


@dataclass(frozen=True, eq=False, slots=True)
class Stored:
    """Vectors by the hash of their picture; where there can be none, ``note`` tells why."""

    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    note: str = ""


def load_stored(path: Path, metadata: Metadata, hashes: Sequence[str]) -> Stored:
    """Look pictures up among the vectors that go with those of a metadata file.

    Raises
    ------
    RunError
        Where there is no such database, or it holds vectors of two embedders of that name.
    """
    name = metadata.embedder
    with open_given(path) as database:
        there = database.run(stored_embedders)
        if not hashes:
            return Stored()
        fit = [one for one in there if name and means(one, name)]
        if len(fit) > 1:
            found = f"holds vectors of {_listed(fit)}; the metadata does not tell which are its own"
            raise RunError(str(path), found, "Make the metadata with stage 1, which tells.")
        if not fit:
            return Stored(note=_none(path, metadata, there))
        vectors = database.run(stored_vectors, hashes, fit[0])
    return Stored({key: one for key, one in vectors.items() if len(one) == metadata.n_features})


def _none(path: Path, metadata: Metadata, there: Sequence[str]) -> str:
    if metadata.embedder is None:
        return f"{path} is not used: the metadata does not tell what made its vectors"
    held = f", only of {_listed(there)}" if there else ""
    return f"{path} has no vectors of {printable(embedder_words(metadata.embedder))}{held}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(printable(embedder_words(name)) for name in names)
