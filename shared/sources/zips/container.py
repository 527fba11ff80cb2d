"""An archive as it stands, told from earlier states of it without opening a member."""

import hashlib
from collections.abc import Iterator
from typing import IO

from shared.errors import Fate, SkipError
from shared.names import container_address
from shared.records import MEBIBYTE, Container
from shared.sources.zips.end_record import end_of
from shared.sources.zips.files import (
    Location,
    iter_chunks,
    length,
    location_of,
    open_archive_file,
    read_at,
    state,
)

_MAX_DIRECTORY_BYTES = 256 * MEBIBYTE
_EDGE_BYTES = 2**16


def archive_container(path: Location) -> Container:
    """Give an archive's location, address, stamp and number of entries. Nothing is raised.

    The stamp digests size, modification time or an object's version, and directory, which holds
    names, sizes, checksums and offsets. Of what is no sound archive it digests the first and last
    bytes instead, and of what cannot be read the reason: `iter_members` is who raises it.
    """
    location = location_of(path)
    digest = hashlib.sha256()
    n_entries = 0
    unreadable = ""
    try:
        with open_archive_file(path) as file:
            digest.update(f"{state(file)} ".encode())
            n_entries, chunks = _telling(file)
            for chunk in chunks:
                digest.update(chunk)
    except SkipError as error:
        digest.update(str(error).encode())
        unreadable = error.reason if error.fate is Fate.UNREADABLE else ""
    return Container(location, container_address(location), digest.digest(), n_entries, unreadable)


def _telling(file: IO[bytes]) -> tuple[int, Iterator[bytes]]:
    """Count the entries, and give the bytes that tell whether anything has changed."""
    try:
        end = end_of(file)
    except SkipError:
        return 0, _iter_edges(file)
    return end.n_entries, iter_chunks(file, end.start, min(end.size, _MAX_DIRECTORY_BYTES))


def _iter_edges(file: IO[bytes]) -> Iterator[bytes]:
    yield read_at(file, 0, _EDGE_BYTES)
    yield read_at(file, max(0, length(file) - _EDGE_BYTES), _EDGE_BYTES)
