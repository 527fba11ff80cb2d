"""Which of the two formats a metadata file has: read by what it begins with, written by its name.

What an entry means is not known here. What Parquet needs is imported for files that need it.
"""

from collections.abc import Collection, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from shared.errors import RunError
from shared.metadata.json_stream import BrokenJsonError, iter_entries
from shared.metadata.source import MAKE_IT, Source
from shared.metadata.writing import MetadataEntry, write_json

PARQUET = ".parquet"
INSTALL = "Run: pip install -r requirements-parquet.txt"


def check_parquet_installed(where: str, remedy: str = f"{INSTALL}, or use JSON.") -> None:
    """Raise where pyarrow is missing; cheap, so that no long run need begin in vain."""
    if find_spec("pyarrow") is None:
        raise RunError(where, "Parquet needs the package pyarrow, which is not installed", remedy)


def iter_pairs(source: Source, keys: Collection[str]) -> Iterator[tuple[str, object]]:
    """Yield the hash of each entry and the entry, in the file's order.

    Parameters
    ----------
    source : Source
        The file.
    keys : collection of str
        What is wanted of an entry; there may be more in it. A sound vector in Parquet comes as a
        float32 array, not empty and all finite; all else is as JSON would give it.

    Raises
    ------
    RunError
        Where the file cannot be read, or has neither format.
    """
    if source.is_parquet():
        check_parquet_installed(str(source.path))
        from shared.metadata.parquet import iter_rows  # noqa: PLC0415 - its package is large

        yield from iter_rows(source, keys)
        return
    window = source.window()
    if source.path.suffix.lower() == PARQUET:
        raise source.refusal("is named .parquet, but is no Parquet file", MAKE_IT)
    try:
        yield from iter_entries(window)
    except BrokenJsonError as error:
        raise source.broken(error) from None


def write_metadata(path: Path, entries: Iterable[MetadataEntry]) -> int:
    """Write a metadata file; it appears, or replaces the one there, when it is complete.

    Parameters
    ----------
    path : Path
        The file, Parquet where it is named so, else JSON; its folder must exist.
    entries : iterable of MetadataEntry
        Each hash once, all vectors of one width; taken one by one, of which few are kept.

    Returns
    -------
    int
        How many entries were written.

    Raises
    ------
    RunError
        Where the file cannot be written. What ``entries`` raises comes through.
    """
    if path.suffix.lower() != PARQUET:
        return write_json(path, entries)
    check_parquet_installed(str(path))
    from shared.metadata.parquet_writing import write_parquet  # noqa: PLC0415

    return write_parquet(path, entries)
