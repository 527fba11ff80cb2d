"""The pictures that a metadata file tells of, and where their files were; no vectors."""

from collections.abc import Iterator
from pathlib import Path

from shared.metadata.source import Source
from shared.metadata.stream import BrokenJsonError, iter_entries


def iter_paths(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the hash and the ``file_path`` of each entry; empty where the entry does not tell.

    Raises
    ------
    RunError
        Where the file cannot be read or is no JSON object.
    """
    with Source(path) as source:
        try:
            for key, value in iter_entries(source.window()):
                found = value.get("file_path") if isinstance(value, dict) else None
                yield key, found if isinstance(found, str) else ""
        except BrokenJsonError as error:
            raise source.broken(error) from None
