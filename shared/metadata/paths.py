"""The pictures that a metadata file tells of, and where their files were; no vectors."""

from collections.abc import Iterator
from pathlib import Path

from shared.metadata.formats import iter_pairs
from shared.metadata.source import Source


def iter_paths(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the hash and the ``file_path`` of each entry; empty where the entry does not tell.

    Raises
    ------
    RunError
        Where the file cannot be read, or is no JSON object and no Parquet.
    """
    with Source(path) as source:
        for key, value in iter_pairs(source, ("file_path",)):
            found = value.get("file_path") if isinstance(value, dict) else None
            yield key, found if isinstance(found, str) else ""
