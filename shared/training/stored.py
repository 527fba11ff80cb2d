"""Vectors that stages 1, 3 and 4 have made, for pictures that a metadata file lacks.

They are taken where the same embedder made those of the metadata, and nothing is made here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.database.engine import DatabasePlace, open_given
from shared.database.pictures import stored_embedders, stored_vectors
from shared.errors import RunError
from shared.flow.reading.known import FILES
from shared.metadata.loading import Metadata
from shared.names import printable
from shared.pictures.embedders.towers import means
from shared.records import LEAST, embedder_words, serving_names


@dataclass(frozen=True, eq=False, slots=True)
class Stored:
    """Vectors by the hash of their picture; where there can be none, ``note`` tells why."""

    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    note: str = ""


def load_stored(place: DatabasePlace, metadata: Metadata, hashes: Sequence[str]) -> Stored:
    """Look pictures up among the vectors that go with those of a metadata file.

    Raises
    ------
    RunError
        Where there is no such database, or it holds vectors of two embedders of that name.
    """
    name = metadata.embedder
    with open_given(place) as database:
        there = database.run(stored_embedders)
        if not hashes:
            return Stored()
        fit = {serving_names(one)[0] for one in there if name and means(one, name)}
        if len(fit) > 1:
            listed = _listed(sorted(fit))
            found = f"holds vectors of {listed}; the metadata does not tell which are its own"
            raise RunError(database.where, found, "Make the metadata with stage 1, which tells.")
        if not fit:
            return Stored(note=_none(database.where, metadata, there))
        vectors = database.run(stored_vectors, hashes, f"{fit.pop()} {LEAST}")
    return Stored({key: one for key, one in vectors.items() if len(one) == metadata.n_features})


def find_stored(folders: Iterable[Path], metadata: Metadata, hashes: Sequence[str]) -> Stored:
    """Look pictures up in the stages' databases that lie in folders, as `load_stored` does.

    Nobody has named these: one that cannot be used is as good as none, and the note tells so where
    pictures are lacking in the end.
    """
    vectors: dict[str, NDArray[np.float32]] = {}
    notes, lacking = [], list(hashes)
    for path in (folder / name for folder in folders for name in FILES):
        if not lacking:
            break
        if not path.is_file():
            continue
        try:
            stored = load_stored(path, metadata, lacking)
        except RunError as error:
            notes.append(f"{path} is not used: {error.found}")
        else:
            vectors |= stored.vectors
            notes += [stored.note] if stored.note else []
            lacking = [one for one in lacking if one not in vectors]
    return Stored(vectors, "; ".join(notes) if lacking else "")


def _none(where: str, metadata: Metadata, there: Sequence[str]) -> str:
    if metadata.embedder is None:
        return f"{where} is not used: the metadata does not tell what made its vectors"
    held = f", only of {_listed(there)}" if there else ""
    return f"{where} has no vectors of {printable(embedder_words(metadata.embedder))}{held}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(printable(embedder_words(name)) for name in names)
