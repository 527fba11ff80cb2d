"""Loading a metadata file: from its sidecar where that holds, else from front to back."""

import io
from contextlib import suppress
from pathlib import Path

from shared.metadata.building import built_sidecar
from shared.metadata.metadata import Metadata
from shared.metadata.sidecar import Sidecar, is_racy, sidecar_paths, stamp, trusted_sidecar
from shared.metadata.source import Source
from shared.replacing import Replacement


def load_metadata(path: Path, cache_folder: Path) -> Metadata:
    """Load a metadata file; only keys and vectors are needed.

    Parameters
    ----------
    path : Path
        The file, JSON or Parquet. A sidecar that makes the next load fast is written beside it,
        hidden, as ``.<name>.vectors``.
    cache_folder : Path
        Where the sidecar goes if the file's folder cannot be written. Where neither can, the
        vectors stay in memory.

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
    with Source(path) as source:
        places = sidecar_paths(path, cache_folder)
        kept = (trusted_sidecar(place, stamp(source.status)) for place in places)
        sidecar = next(filter(None, kept), None) or _first_load(source, places)
    arrays = dict(sidecar.arrays)
    vectors = arrays.pop("vectors")
    return Metadata(path, sidecar.header.digest, sidecar.header.embedder, vectors, arrays)


def _first_load(source: Source, places: tuple[Path, ...]) -> Sidecar:
    for place in places:
        # Reading raises RunError alone, so an OSError means that this place cannot be written.
        with suppress(OSError):
            return _load_into(source, place)
    return built_sidecar(source, io.BytesIO())


def _load_into(source: Source, place: Path) -> Sidecar:
    place.parent.mkdir(parents=True, exist_ok=True)
    with Replacement(place, mode=source.status.st_mode & 0o666 | 0o200) as replacement:
        sidecar = built_sidecar(source, replacement.file)
        if not is_racy(source.status, replacement.created_ns):
            with suppress(OSError):  # then the next load has to be a first load again
                replacement.place(durable=False)
    return sidecar
