"""Files that strangers own, on disk or in object storage, and bytes at a place of them.

A disk that fails costs this input, not the run.
"""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

from shared.errors import Fate, SkipError
from shared.names import extension
from shared.records import MEBIBYTE
from shared.regular_files import NotRegularError, open_regular
from shared.sources.objects import RemoteFile, open_object

CHUNK_BYTES = 2**20
Location: TypeAlias = Path | str
"""Where an archive is: a path on disk, or a URL in object storage."""
_MAGIC = {
    "a 7z archive": rb"7z\xbc\xaf\x27\x1c",
    "a RAR archive": rb"Rar!\x1a\x07",
    "a tar archive": rb".{257}ustar[ \0]",
    "packed with gzip": rb"\x1f\x8b\x08",
    "packed with bzip2": rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)",
    "packed with XZ": rb"\xfd7zXZ\0",
    "packed with Zstandard": rb"\x28\xb5\x2f\xfd",
    "an LHA archive": rb".{2}-l[hz][0-9ds]-",
    "a CAB archive": rb"MSCF\0{4}",
}
_KINDS = {kind: re.compile(magic, re.DOTALL) for kind, magic in _MAGIC.items()}
_NAMED = re.compile(
    r"\.(?:7z|rar|tar|t[gx]z|tbz2?|tzst|gz|bz2|xz|zst|lzma|lz4|lzh|lha|cab|arj|ace|sitx?|iso"
    r"|cb[7rt])"
)


def location_of(path: Location) -> str:
    """Absolute path, or the URL; links stay, for each of them is an input of its own."""
    if isinstance(path, str):
        return path
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links


def device_of(path: Location) -> int:
    """Tell the number of the disk that a path is on; 0 where there is none."""
    try:
        return 0 if isinstance(path, str) else path.stat().st_dev
    except OSError:
        return 0


def open_archive_file(path: Location) -> IO[bytes]:
    """Open an object, or a plain file on disk; anything else could block or never end."""
    try:
        if isinstance(path, str):
            return open_object(path)
        return io.BufferedReader(open_regular(path))
    except NotRegularError as error:
        raise SkipError(Fate.NOT_REGULAR, "not a plain file") from error
    except OSError as error:
        raise unreadable(error) from error


def state(file: IO[bytes]) -> str:
    """Tell in short whether a file is the same as before: its size, and when it was changed."""
    if remote := remote_file(file):
        return f"{remote.n_bytes} {remote.version}"
    status = os.fstat(file.fileno())
    return f"{status.st_size} {status.st_mtime_ns}"


def remote_file(file: IO[bytes]) -> RemoteFile | None:
    """Return what reads an object in a storage; None where the file is on disk or in memory."""
    raw = file.raw if isinstance(file, io.BufferedReader) else None
    return raw if isinstance(raw, RemoteFile) else None


def unreadable(error: OSError) -> SkipError:
    """Say why the disk or the server would not give an input."""
    return SkipError(Fate.UNREADABLE, f"could not be read: {error.strerror or error}")


def check_size(n_bytes: int, max_member_bytes: int) -> None:
    """Raise `SkipError` for a file that is larger than what one may cost."""
    if n_bytes > max_member_bytes:
        found, allowed = n_bytes / MEBIBYTE, max_member_bytes / MEBIBYTE
        reason = f"{found:,.1f} MiB, allowed {allowed:,.1f}. Raise it with --max_member_mb."
        raise SkipError(Fate.TOO_LARGE, reason)


def read_at(file: IO[bytes], offset: int, n_bytes: int) -> bytes:
    """Read bytes from an offset on; fewer than asked for only at the end of the file."""
    try:
        file.seek(offset)
        return file.read(n_bytes)
    except OSError as error:
        raise unreadable(error) from error


def iter_chunks(
    file: IO[bytes], offset: int, n_bytes: int, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield bytes from an offset on, a chunk at a time; others may use the file in between."""
    end = offset + n_bytes
    while offset < end and (chunk := read_at(file, offset, min(chunk_bytes, end - offset))):
        yield chunk
        offset += len(chunk)


def length(file: IO[bytes]) -> int:
    """Size of an open file in bytes."""
    try:
        return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise unreadable(error) from error


def other_archive(name: str, head: bytes) -> str:
    """Say what kind of archive a file is, other than zip; empty where it is none of those.

    Parameters
    ----------
    name : str
        The file's name or path; only its extension counts, and only where its bytes say nothing.
    head : bytes
        Its first `HEAD_BYTES` bytes, or all of them where it is shorter.
    """
    if found := next((kind for kind, magic in _KINDS.items() if magic.match(head)), ""):
        return found
    suffix = extension(name).lower()
    return f"a {suffix} file" if _NAMED.fullmatch(suffix) else ""


def check_no_other_archive(name: str, head: bytes) -> None:
    """Raise `SkipError` with the fate ``unsupported_archive`` for an archive that is no zip."""
    if kind := other_archive(name, head):
        raise SkipError(Fate.UNSUPPORTED_ARCHIVE, f"{kind}; zip is read")
