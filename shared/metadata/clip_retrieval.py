"""Embeddings as clip-retrieval leaves them: which picture has which vector; no hashes are there.

``img_emb/img_emb_<part>.npy`` holds the vectors of a part, float16 or float32, and
``metadata/metadata_<part>.parquet`` as many rows, of which ``image_path`` is read. Both are mapped.
"""

from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.metadata.formats import INSTALL, check_parquet_installed
from shared.metadata.opening import MetadataFile

PATH = "image_path"
_VECTORS = "img_emb"
_ROWS = "metadata"
# What numpy raises over a header that is no dict, no Python at all, or of a shape beyond measure.
_DAMAGED = (OSError, ValueError, EOFError, TypeError, OverflowError, SyntaxError, TokenError)
_REMEDY = "Copy it again, or embed the pictures anew."


def check_vectors(folder: Path) -> None:
    """Look at the parts without reading them, so that no long run begins in vain.

    Raises
    ------
    RunError
        Where the folder has another layout, a part is missing, damaged or of another width.
    """
    check_parquet_installed("metadata of clip-retrieval", f"{INSTALL}.")
    n_features = 0
    for path, _ in _parts(folder):
        width = _mapped(path).shape[1]
        if n_features not in {0, width}:
            found = f"has vectors of {width} numbers, other parts of {n_features}"
            raise RunError(str(path), found, _REMEDY)
        n_features = width


def iter_vectors(folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the path of each picture, as it was when it was embedded, and its vector.

    Parameters
    ----------
    folder : Path
        What clip-retrieval was told as its output folder.

    Yields
    ------
    str, float32 (n_features,)
        In the order of the parts and of the rows; numbers may be NaN or infinite.

    Raises
    ------
    RunError
        As of `check_vectors`, and where the two halves of a part are not equally long.
    """
    check_vectors(folder)
    for vectors_path, rows_path in _parts(folder):
        vectors = _mapped(vectors_path)
        n_rows = 0
        for n_rows, path in enumerate(_iter_paths(rows_path), start=1):
            if n_rows <= len(vectors):
                yield path, _float32(vectors[n_rows - 1])
        if n_rows != len(vectors):
            found = f"has {n_rows:,} rows for {len(vectors):,} vectors in {vectors_path.name}"
            raise RunError(str(rows_path), found, _REMEDY)


def _float32(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large is infinite, and is counted as such
        return vector.astype("<f4")


def _parts(folder: Path) -> list[tuple[Path, Path]]:
    """Pair the files of each part, in order."""
    vectors = {p.stem.removeprefix(f"{_VECTORS}_"): p for p in folder.glob(f"{_VECTORS}/*.npy")}
    rows = {p.stem.removeprefix(f"{_ROWS}_"): p for p in folder.glob(f"{_ROWS}/*.parquet")}
    if not vectors:
        found = f"holds no {_VECTORS}/{_VECTORS}_0.npy"
        raise RunError(str(folder), found, "Name the output folder of clip-retrieval inference.")
    for part in sorted(vectors.keys() ^ rows.keys()):
        there = vectors.get(part) or rows[part]
        raise RunError(str(there), "has no counterpart: that half of the part is missing", _REMEDY)
    return [(vectors[part], rows[part]) for part in sorted(vectors)]


def _mapped(path: Path) -> NDArray[np.floating]:
    try:
        vectors = np.lib.format.open_memmap(path, mode="r")  # no pickles, unlike `np.load`
    except _DAMAGED as error:
        found = f"is no array that can be read: {str(error).splitlines()[0]}"
        raise RunError(str(path), found, _REMEDY) from None
    if vectors.ndim != 2 or vectors.dtype.kind != "f" or not vectors.shape[1]:
        found = f"holds {vectors.dtype} of shape {vectors.shape}, rows of floats are needed"
        raise RunError(str(path), found, _REMEDY)
    return vectors


def _iter_paths(path: Path) -> Iterator[str]:
    from shared.metadata.parquet import iter_rows  # noqa: PLC0415 - its package is large

    try:
        with MetadataFile(path) as opened:
            yield from (key for key, _ in iter_rows(opened, (), PATH))
    except RunError as error:
        raise RunError(error.where, error.found, _REMEDY) from None
