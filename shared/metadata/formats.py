"""Metadata files of both formats: read by what they begin with, written by their name.

What an entry means is not known here. What Parquet needs is imported for files that need it.
"""

from collections.abc import Collection, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from shared.errors import RunError
from shared.metadata.entries import MetadataEntry, write_json
from shared.metadata.json_stream import BrokenJsonError, iter_entries
from shared.metadata.opening import MAKE_IT, MetadataFile

PARQUET = ".parquet"
INSTALL = "Run: pip install -r requirements-parquet.txt"


def check_parquet_installed(where: str, remedy: str = f"{INSTALL}, or use JSON.") -> None:
    """Raise where pyarrow is missing; cheap, so that no long run need begin in vain."""
    if find_spec("pyarrow") is None:
        raise RunError(where, "Parquet needs the package pyarrow, which is not installed", remedy)


def iter_pairs(opened: MetadataFile, keys: Collection[str]) -> Iterator[tuple[str, object]]:
    """Yield the hash of each entry and the entry, in the file's order.

    Parameters
    ----------
    opened : MetadataFile
        The file.
    keys : collection of str
        What is wanted of an entry; there may be more in it. A sound vector in Parquet comes as a
        float32 array, not empty and all finite; all else is as JSON would give it.

    Raises
    ------
    RunError
        Where the file cannot be read, or has neither format.
    """
    if opened.is_parquet():
        check_parquet_installed(str(opened.path))
        from shared.metadata.parquet import iter_rows  # noqa: PLC0415 - its package is large

        yield from iter_rows(opened, keys)
        return
    window = opened.window()
    if opened.path.suffix.lower() == PARQUET:
        raise opened.refusal("is named .parquet, but is no Parquet file", MAKE_IT)
    try:
        yield from iter_entries(window)
    except BrokenJsonError as error:
        opened.check_unchanged()
        raise opened.broken(error) from None


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
    from shared.metadata.parquet import write_parquet  # noqa: PLC0415

    return write_parquet(path, entries)


def iter_paths(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the hash and the ``file_path`` of each entry; empty where the entry does not tell.

    Raises
    ------
    RunError
        Where the file cannot be read, or is no JSON object and no Parquet.
    """
    with MetadataFile(path) as opened:
        for key, value in iter_pairs(opened, ("file_path",)):
            found = value.get("file_path") if isinstance(value, dict) else None
            yield key, found if isinstance(found, str) else ""
