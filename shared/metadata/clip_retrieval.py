"""Embeddings as clip-retrieval leaves them: which picture has which vector; no hashes are there.

``img_emb/img_emb_<part>.npy`` holds the vectors of a part, float16 or float32, and
``metadata/metadata_<part>.parquet`` as many rows, of which ``image_path`` is read.
"""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.metadata.arrays import ArrayHeader, read_header
from shared.metadata.formats import INSTALL, check_parquet_installed
from shared.metadata.opening import MetadataFile
from shared.regular_files import open_regular

PATH = "image_path"
_VECTORS = "img_emb"
_ROWS = "metadata"
BLOCK_NUMBERS = 2**18
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
        with _opened(path) as file:
            width = _header(path, file).shape[1]
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
        with _opened(vectors_path) as file:
            header = _header(vectors_path, file)
            vectors = _iter_rows(vectors_path, file, header)
            n_rows, n_vectors = 0, header.shape[0]
            for n_rows, path in enumerate(_iter_paths(rows_path), start=1):
                if n_rows <= n_vectors:
                    yield path, next(vectors)
        if n_rows != n_vectors:
            found = f"has {n_rows:,} rows for {n_vectors:,} vectors in {vectors_path.name}"
            raise RunError(str(rows_path), found, _REMEDY)


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


def _opened(path: Path) -> BinaryIO:
    try:
        return BufferedReader(open_regular(path))
    except OSError as error:
        raise _unreadable(path, error) from None


def _header(path: Path, file: BinaryIO) -> ArrayHeader:
    try:
        header = read_header(file)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(header.shape) != 2 or header.dtype.kind != "f" or not header.shape[1]:
        found = f"holds {header.dtype} of shape {header.shape}, rows of floats are needed"
        raise RunError(str(path), found, _REMEDY)
    return header


def _iter_rows(path: Path, file: BinaryIO, header: ArrayHeader) -> Iterator[NDArray[np.float32]]:
    n_rows, width = header.shape
    # Of an array that is kept column by column, a row is spread over all of it.
    step = n_rows if header.order == "F" else max(1, BLOCK_NUMBERS // width)
    for start in range(0, n_rows, step):
        part = header._replace(shape=(min(step, n_rows - start), width))
        try:
            flat = np.frombuffer(file.read(part.n_bytes), part.dtype)
            block = flat.reshape(part.shape, order=part.order)
        except (OSError, ValueError) as error:  # ValueError: it has been cut short since
            raise _unreadable(path, error) from None
        with np.errstate(over="ignore"):  # what is too large is infinite, and is counted as such
            yield from block.astype("<f4")


def _unreadable(path: Path, error: Exception) -> RunError:
    found = f"is no array that can be read: {str(error).splitlines()[0]}"
    return RunError(str(path), found, _REMEDY)


def _iter_paths(path: Path) -> Iterator[str]:
    from shared.metadata.parquet import iter_rows  # noqa: PLC0415 - its package is large

    try:
        with MetadataFile(path) as opened:
            yield from (key for key, _ in iter_rows(opened, (), PATH))
    except RunError as error:
        raise RunError(error.where, error.found, _REMEDY) from None
