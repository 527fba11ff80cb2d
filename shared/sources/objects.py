"""The door to object storage: objects found below a URL, and read by ranges of bytes.

Nothing is copied whole or kept on disk. A server that goes away is waited for, for a while. What
is refused at the first look, credentials or the place itself, ends the run; later a refusal costs
its object, told as an `OSError` like a file's, and only a server that is gone ends the run.
"""

import errno
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import PurePosixPath
from typing import IO, Any, TypeVar

from shared.errors import RunError
from shared.names import is_litter
from shared.records import MEBIBYTE

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
            "retries": {"total_max_attempts": 1},  # what asks again is `_asked`
        }
    },
}
_FOREIGN_ERRORS = (("botocore.exceptions", "BotoCoreError"), ("aiohttp", "ClientError"))
_VERSIONS = ("ETag", "etag", "LastModified", "last_modified", "mtime", "updated", "created")
_INSTALL = "Install it: pip install -r stage4/requirements-s3.txt, or the package for its protocol."
_NO_MORE = "Give a folder, or a URL that tells all that is needed, as s3://bucket/prefix does."
_FIRST_LOOK = (
    "See that the server can be reached, and that it knows who asks and lets them list: "
    "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE and ~/.aws, "
    "and the clock."
)
_COME_BACK = "Run the same command again when it does; what is done is kept."
_GIVEN_UP: dict[str, str] = {}
"""The object that was waited for in vain last, and why: the rest of it is not waited for too."""

Answer = TypeVar("Answer")


def directory_url(url: str) -> str:
    """Spell the URL of a bucket or of a folder in it as its objects' URLs begin.

    Raises
    ------
    RunError
        Where nothing is installed that speaks its protocol.
    """
    storage = _Storage.of(url)
    try:
        return storage.url(storage.path(url))
    except RecursionError as error:  # fsspec's own, of generic://
        protocol = storage.protocol
        raise RunError(url, f"{protocol}:// names no storage of its own", _NO_MORE) from error


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
        found = _asked(lambda: storage.system.find(path), FIRST_RETRY_SECONDS)
        if not found:
            _asked(lambda: storage.system.info(path), FIRST_RETRY_SECONDS)
    except FileNotFoundError as error:
        raise RunError(directory, "no such bucket, folder or object") from error
    except NotImplementedError as error:
        raise RunError(directory, "nothing in it can be listed", _NO_MORE) from error
    except _failures(ValueError) as error:
        raise RunError(directory, f"cannot be listed ({error})", _FIRST_LOOK) from error
    storage.system.invalidate_cache()
    for name in sorted(found, key=_files_first):
        if not is_litter(name.removeprefix(path)):
            yield storage.url(name)


def open_object(url: str) -> IO[bytes]:
    """Open an object for reading in any order, a little ahead of what is asked for.

    Raises
    ------
    OSError
        Where it is gone or forbidden, or its server does not answer for it alone.
    RunError
        Where the server does not answer at all.
    """
    storage = _Storage.of(url)
    path = storage.path(url)
    try:
        facts = storage.ask(path, lambda: storage.system.info(path))
    except FileNotFoundError:
        raise
    except OSError:
        # S3 refuses this question without words, and the next one with all of them.
        storage.ask(path, lambda: storage.system.cat_file(path, start=0, end=1))
        raise
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
            from fsspec import filesystem, get_filesystem_class  # noqa: PLC0415 - an extra

            options = {"use_listings_cache": False, **_OPTIONS.get(protocol, {})}
            # Some that lack an argument complain once more when they are thrown away.
            signature(get_filesystem_class(protocol).__init__).bind(None, **options)
            return cls(protocol, filesystem(protocol, **options))
        except (ImportError, ValueError) as error:
            raise RunError(url, f"{protocol}:// cannot be opened ({error})", _INSTALL) from error
        except (TypeError, AttributeError, OSError) as error:  # it wants a host, a file, a server
            raise RunError(url, f"{protocol}:// cannot be opened ({error})", _NO_MORE) from error

    def path(self, url: str) -> str:
        """Name of an object in its own file system."""
        return str(self.system._strip_protocol(url))  # noqa: SLF001 - fsspec's way for it

    def url(self, path: str) -> str:
        """URL of an object from its name."""
        return str(self.system.unstrip_protocol(path))

    def ask(self, path: str, question: Callable[[], Answer]) -> Answer:
        """Ask about one object; where no answer comes, tell whether that is the object or all.

        Raises
        ------
        OSError
            Where the object is refused, or what it is in is still answered for.
        RunError
            Where that is not answered for either.
        """
        if (url := self.url(path)) in _GIVEN_UP:
            raise OSError(_GIVEN_UP[url])
        try:
            return _asked(question, RETRY_SECONDS)
        except _failures() as error:
            if _is_refusal(error):
                if isinstance(error, OSError):
                    raise
                raise OSError(str(error)) from error
            found = f"its server does not answer ({error})"
            if not self._answers(path.rpartition("/")[0]):
                raise RunError(url, found, _COME_BACK) from error
            _GIVEN_UP.clear()
            _GIVEN_UP[url] = found
            raise OSError(found) from error

    def _answers(self, path: str) -> bool:
        """Tell whether anything is said of a place, be it that it is not there."""
        try:
            self.system.info(path)
        except _failures() as error:
            return _is_refusal(error)
        return True


class RemoteFile(io.RawIOBase):
    """An object as a file, of which a range of bytes at a time is asked for and kept.

    fsspec's caches have blocks of one size: on 60 pictures of 300 kB small ones ask 62 times where
    this one asks 12 times, and large ones read 32 MB where it reads 10 with text in between.
    """

    def __init__(self, storage: _Storage, path: str, n_bytes: int, version: str) -> None:
        self.n_bytes = n_bytes
        self.version = version
        self._storage = storage
        self._path = path
        self._offset = 0
        self._kept = memoryview(b"")
        self._kept_from = 0

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
            self._keep(len(buffer))
            skipped = 0
        content = self._kept[skipped : skipped + len(buffer)]
        buffer[: len(content)] = content
        self._offset += len(content)
        return len(content)

    def _keep(self, n_asked: int) -> None:
        gap = self._offset - self._kept_from - len(self._kept)
        ahead = len(self._kept) * 4 if 0 <= gap < FIRST_BYTES else 0
        n_wanted = max(n_asked + FIRST_BYTES, min(ahead, MOST_BYTES))
        start, stop = self._offset, min(self._offset + n_wanted, self.n_bytes)
        content = b""
        if start < stop:
            cat = self._storage.system.cat_file
            content = self._storage.ask(self._path, lambda: cat(self._path, start=start, end=stop))
        if len(content) > max(stop - start, 0):
            where = self._storage.url(self._path)
            raise RunError(where, "its server does not serve parts of files", "Copy it first.")
        self._kept, self._kept_from = memoryview(content), start


def _asked(question: Callable[[], Answer], pauses: tuple[float, ...]) -> Answer:
    """Ask again after each pause where no answer comes, but not where the answer is a refusal."""
    for pause in pauses:
        try:
            return question()
        except _failures() as error:
            if _is_refusal(error):
                raise
        time.sleep(pause)
    return question()


def _is_refusal(error: Exception) -> bool:
    """Tell an answer about what is asked for from a server that is away, or overloaded."""
    # fsspec raises the first three without a number; what comes over HTTP has a status instead.
    status = getattr(error, "status", 0)
    return (
        isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError)
        or getattr(error, "errno", None) in (errno.EPERM, errno.EINVAL)
        or (400 <= status < 500 and status not in (408, 429))
    )


def _failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    # A file system raises the errors of the libraries below it too, where they are loaded.
    return (
        OSError,
        *more,
        *(getattr(sys.modules[m], name) for m, name in _FOREIGN_ERRORS if m in sys.modules),
    )


def _files_first(path: str) -> tuple[tuple[int, str], ...]:
    *folders, name = PurePosixPath(path).parts if path else ("",)
    return (*((1, folder) for folder in folders), (0, name))
