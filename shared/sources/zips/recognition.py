"""What counts as a zip archive: told by its first bytes, or by what it is called."""

from shared.errors import Fate, SkipError
from shared.sources.zips.end_record import END_MAGIC, LOCAL_MAGIC
from shared.sources.zips.files import Location, location_of, open_archive_file, read_at

EXTENSIONS = (".zip", ".cbz")


def is_archive(name: str, head: bytes) -> bool:
    """Tell whether a file has to be opened as an archive, by its name and its first bytes.

    What is called ``.zip`` or ``.cbz`` has to open as one, junk in front or not; where it does
    not, that is its fate.
    """
    return head.startswith((LOCAL_MAGIC, END_MAGIC)) or name.lower().endswith(EXTENSIONS)


def is_archive_file(path: Location) -> bool:
    """Tell it of a file on disk or in a storage; one that cannot be read may well be one."""
    name = location_of(path).rpartition("/")[2]
    if is_archive(name, b""):
        return True
    try:
        with open_archive_file(path) as file:
            return is_archive(name, read_at(file, 0, len(LOCAL_MAGIC)))
    except SkipError as error:
        is_gone = isinstance(error.__cause__, FileNotFoundError)
        return error.fate is Fate.UNREADABLE and not is_gone
