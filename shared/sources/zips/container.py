"""What counts as an archive, and how one stands, told from earlier states without its members.

It is told by its first bytes, or by what it is called. What only looks like a zip, and what is an
archive of another kind, counts as well: opening it is what gives the reason.
"""

import hashlib
from typing import IO

from shared.errors import Fate, SkipError
from shared.names import container_address
from shared.records import HEAD_BYTES, MEBIBYTE, Container
from shared.sources.files import (
    Location,
    check_no_other_archive,
    device_of,
    iter_chunks,
    length,
    location_of,
    open_archive_file,
    other_archive,
    read_at,
    state,
)
from shared.sources.zips.end_record import END_MAGIC, LOCAL_MAGIC, End, end_of

EXTENSIONS = (".zip", ".cbz")
_MAX_DIRECTORY_BYTES = 256 * MEBIBYTE
_EDGE_BYTES = 2**16


def is_archive(name: str, head: bytes) -> bool:
    """Tell whether a file has to be opened as a zip archive, by its name and its first bytes.

    What is called ``.zip`` or ``.cbz`` has to open as one, junk in front or not; where it does
    not, that is its fate.
    """
    return head.startswith((LOCAL_MAGIC, END_MAGIC)) or name.lower().endswith(EXTENSIONS)


def is_named_archive(name: str) -> bool:
    """Tell an archive of any kind by its name alone."""
    return is_archive(name, b"") or bool(other_archive(name, b""))


def is_archive_file(path: Location) -> bool:
    """Tell a file on disk or in a storage that is an archive of any kind.

    One that cannot be read may well be one.
    """
    name = location_of(path)
    if is_named_archive(name):
        return True
    try:
        with open_archive_file(path) as file:
            head = read_at(file, 0, HEAD_BYTES)
            return is_archive(name, head) or bool(other_archive(name, head))
    except SkipError as error:
        is_gone = isinstance(error.__cause__, FileNotFoundError)
        return error.fate is Fate.UNREADABLE and not is_gone


def checked_end(name: str, file: IO[bytes]) -> End:
    """Find the end record, but not that of a zip that lies in an archive of another kind.

    What is called ``.zip`` or ``.cbz`` may have anything in front.

    Raises
    ------
    SkipError
        As `end_of`, and `unsupported_archive`.
    """
    if not is_archive(name, b""):
        check_no_other_archive(name, read_at(file, 0, HEAD_BYTES))
    return end_of(file)


def archive_container(path: Location) -> Container:
    """Give an archive's location, address, stamp and number of entries. Nothing is raised.

    The stamp digests size, modification time or an object's version, and directory, which holds
    names, sizes, checksums and offsets. Of what is no sound archive it digests the first and last
    bytes instead, and of what cannot be read the reason: `iter_members` is who raises it.
    """
    location = location_of(path)
    digest = hashlib.sha256()
    n_entries = n_bytes = 0
    unreadable = ""
    try:
        with open_archive_file(path) as file:
            n_bytes = length(file)
            digest.update(f"{state(file)} ".encode())
            try:
                end = checked_end(location, file)
            except SkipError:
                last = max(0, length(file) - _EDGE_BYTES)
                telling = [(0, _EDGE_BYTES), (last, _EDGE_BYTES)]
            else:
                n_entries = end.n_entries
                telling = [(end.start, min(end.size, _MAX_DIRECTORY_BYTES))]
            for offset, size in telling:
                for chunk in iter_chunks(file, offset, size):
                    digest.update(chunk)
    except SkipError as error:
        digest.update(str(error).encode())
        unreadable = error.reason if error.fate is Fate.UNREADABLE else ""
    address, device = container_address(location), device_of(path)
    return Container(location, address, digest.digest(), n_entries, unreadable, device, n_bytes)
