"""The door to object storage: objects found below a URL, and read by ranges of bytes.

Nothing is copied whole or kept on disk. A server that goes away is waited for, for a while; an
object that is gone or forbidden is told as an `OSError`, like a file. Credentials that are of no
use end the run: they concern all objects, see `credentials`.
"""

import errno
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import IO, Any, TypeVar

from shared.errors import RunError
from shared.names import is_litter
from shared.records import MEBIBYTE
from shared.sources.credentials import is_of_credentials, refusal

FIRST_BYTES = 32 * 2**10
MOST_BYTES = 2 * MEBIBYTE
"""How much is asked for at a time: little where one jumps about, more and more in a row."""
RETRY_SECONDS = (0.5, 1, 2, 4, 8, 16)
"""Pauses before a server that does not answer is asked again."""
FIRST_RETRY_SECONDS = (0.5, 1)
"""The same for the first question of a run: what is wrong then is most likely the command."""
_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "s3": {
        "config_kwargs": {
            "connect_timeout": 5,
            "read_timeout": 30,
            "retries": {"mode": "standard", "max_attempts": 2},
        }
    },
}
_FOREIGN_ERRORS = (("botocore.exceptions", "BotoCoreError"), ("aiohttp", "ClientError"))
_VERSIONS = ("ETag", "etag", "LastModified", "last_modified", "mtime", "updated", "created")
_INSTALL = "Install it: pip install -r stage4/requirements-s3.txt, or the package for its protocol."

Answer = TypeVar("Answer")


def directory_url(url: str) -> str:
    """Spell the URL of a bucket or of a folder in it as its objects' URLs begin.

    Raises
    ------
    RunError
        Where nothing is installed that speaks its protocol.
    """
    storage = _Storage.of(url)
    return storage.url(storage.path(url))


def iter_object_urls(directory: str) -> Iterator[str]:
    """Yield the objects at or below a URL: those of a folder first, then those of its folders.

    Litter is passed over.

    Raises
    ------
    RunError
        Where there is nothing, or it cannot be listed, or who asks is not known.
    """
    storage = _Storage.of(directory)
    path = storage.path(directory)
    try:
        _info(storage, path, directory, lambda: storage.system.find(path), FIRST_RETRY_SECONDS)
        found = _retried(lambda: storage.system.find(path), directory)
    except FileNotFoundError as error:
        raise RunError(directory, "no such bucket, folder or object") from error
    except (OSError, ValueError) as error:
        raise RunError(
            directory, f"cannot be listed ({error})", "Look at its permissions."
        ) from error
    storage.system.invalidate_cache()
    for name in sorted(found, key=_files_first):
        if not is_litter(name.removeprefix(path)):
            yield storage.url(name)


def open_object(url: str) -> IO[bytes]:
    """Open an object for reading in any order, a little ahead of what is asked for.

    Raises
    ------
    OSError
        Where it is gone or forbidden.
    RunError
        Where the server does not answer, or does not know who asks.
    """
    storage = _Storage.of(url)
    path = storage.path(url)
    facts = _info(storage, path, url, lambda: storage.system.cat_file(path, start=0, end=1))
    if facts["type"] != "file":
        raise FileNotFoundError(errno.ENOENT, "no such object")
    version = next((facts[key] for key in _VERSIONS if facts.get(key)), "")
    return io.BufferedReader(RemoteFile(storage, path, int(facts["size"]), f"{version}"))


@dataclass(frozen=True)
class _Storage:
    """A file system of fsspec and the protocol under which it is known."""

    protocol: str
    system: Any

    @classmethod
    def of(cls, url: str) -> "_Storage":
        protocol = url.partition("://")[0]
        try:
            from fsspec import filesystem  # noqa: PLC0415 - an extra

            options = _OPTIONS.get(protocol, {})
            return cls(protocol, filesystem(protocol, use_listings_cache=False, **options))
        except (ImportError, ValueError) as error:
            raise RunError(url, f"{protocol}:// cannot be opened ({error})", _INSTALL) from error

    def path(self, url: str) -> str:
        """Name of an object in its own file system."""
        return str(self.system._strip_protocol(url))  # noqa: SLF001 - fsspec's way for it

    def url(self, path: str) -> str:
        """URL of an object from its name."""
        return str(self.system.unstrip_protocol(path))


class RemoteFile(io.RawIOBase):
    """An object as a file, of which a range of bytes at a time is asked for and kept."""

    def __init__(self, storage: _Storage, path: str, n_bytes: int, version: str) -> None:
        self.n_bytes = n_bytes
        self.version = version
        self._storage = storage
        self._path = path
        self._offset = 0
        self._kept = memoryview(b"")
        self._kept_from = 0

    @cached_property
    def url(self) -> str:
        """Where it is."""
        return self._storage.url(self._path)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read in any order."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset; nothing is asked for yet."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self.n_bytes}[whence]
        self._offset = origin + offset
        return self._offset

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Give what is kept at this place, or ask for more."""
        skipped = self._offset - self._kept_from
        if not 0 <= skipped < len(self._kept):
            self._keep(self._n_wanted(len(buffer)))
            skipped = 0
        content = self._kept[skipped : skipped + len(buffer)]
        buffer[: len(content)] = content
        self._offset += len(content)
        return len(content)

    def _n_wanted(self, n_asked: int) -> int:
        gap = self._offset - self._kept_from - len(self._kept)
        ahead = len(self._kept) * 4 if 0 <= gap < FIRST_BYTES else 0
        return max(n_asked + FIRST_BYTES, min(ahead, MOST_BYTES))

    def _keep(self, n_wanted: int) -> None:
        start, stop = self._offset, min(self._offset + n_wanted, self.n_bytes)
        content = b""
        if start < stop:
            ask = self._storage.system.cat_file
            content = _retried(lambda: ask(self._path, start=start, end=stop), self.url)
        if len(content) > max(stop - start, 0):
            raise RunError(self.url, "its server does not serve parts of files", "Copy it first.")
        self._kept, self._kept_from = memoryview(content), start


def _info(
    storage: _Storage,
    path: str,
    where: str,
    ask_for_more: Callable[[], object],
    pauses: tuple[float, ...] = RETRY_SECONDS,
) -> Mapping[str, Any]:
    """Ask for the facts of an object or folder. Where that is refused, have the reason said.

    S3 answers this question without words, so that one is asked besides that it answers in full.
    """
    try:
        facts: Mapping[str, Any] = _retried(lambda: storage.system.info(path), where, pauses)
    except FileNotFoundError:
        raise
    except OSError:
        _retried(ask_for_more, where, pauses)
        raise
    return facts


def _retried(
    question: Callable[[], Answer], where: str, pauses: tuple[float, ...] = RETRY_SECONDS
) -> Answer:
    """Ask again where a server does not answer, but not where it answers that it cannot."""
    for pause in (*pauses, None):
        try:
            return question()
        except _failures() as error:
            if is_of_credentials(error):
                raise refusal(where, error) from error
            if _is_of_the_object(error):
                raise
            if pause is None:
                raise RunError(
                    where,
                    f"its server does not answer ({error})",
                    "Run the same command again when it does; what is done is kept.",
                ) from error
        time.sleep(pause or 0)
    raise AssertionError


def _is_of_the_object(error: Exception) -> bool:
    # fsspec raises the first three without a number.
    return isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError) or (
        isinstance(error, OSError) and error.errno in (errno.EPERM, errno.EINVAL)
    )


def _failures() -> tuple[type[Exception], ...]:
    # A file system raises the errors of the libraries below it too, where they are loaded.
    return (
        OSError,
        *(getattr(sys.modules[m], name) for m, name in _FOREIGN_ERRORS if m in sys.modules),
    )


def _files_first(path: str) -> tuple[tuple[int, str], ...]:
    *folders, name = PurePosixPath(path).parts if path else ("",)
    return (*((1, folder) for folder in folders), (0, name))
