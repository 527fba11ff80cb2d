"""Thumbnails of an output folder: files in a hidden folder of it, so many bytes of them.

They are found by the digest of the picture's bytes: another place of the same file has them too,
and one whose archive has gone is still shown. All of it may be deleted at any time. What thumbnails
are made of is not known here.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.records import GIBIBYTE, JPEG, MEBIBYTE, WEBP, SmallPicture
from shared.regular_files import read_small
from shared.replacing import UNFINISHED, replace_file

HIDDEN_FOLDER = ".review"
MAX_BYTES = GIBIBYTE
KEPT_SHARE = 0.9
"""So much of it is kept when the oldest go, so that it is not looked through for each new one."""
SHARES = 64
"""Who writes looks again how much room there is after such a part of all there may be.

So all who write at a time exceed it by a part, and a thumbnail, of each of them at most.
"""
USUAL_BYTES = 16 * 1024
"""What one of 256 pixels takes on the disk: those of photos take 8 to 24 KB."""
_MAX_FILE_BYTES = 16 * MEBIBYTE
_SUFFIXES = {JPEG: ".jpg", WEBP: ".webp"}
_NAME = re.compile(rf"(?:{re.escape(UNFINISHED)})?[0-9a-f]{{40}}\.(?:jpg|webp)")


@dataclass(frozen=True, slots=True)
class ThumbnailFolder:
    """All thumbnails of an output folder. For several threads and processes."""

    path: Path
    max_bytes: int = MAX_BYTES

    @classmethod
    def of(cls, output: Path) -> "ThumbnailFolder":
        """Name that of an output folder; it need not be there."""
        return cls(output / HIDDEN_FOLDER / "thumbnails")

    def find(self, digest: bytes, size: int) -> SmallPicture | None:
        """Find the thumbnail of a picture, by the SHA-256 of its bytes and the size in pixels."""
        for media_type in _SUFFIXES:
            with suppress(OSError):
                content = read_small(
                    self._path(digest, size, media_type), _MAX_FILE_BYTES, ours=True
                )
                if content:  # a power cut leaves an empty one
                    return SmallPicture(content, media_type)
        return None

    def has(self, digest: bytes, size: int) -> bool:
        """Tell whether there is one."""
        return any(os.path.lexists(self._path(digest, size, one)) for one in _SUFFIXES)

    def keep(self, digest: bytes, size: int, made: SmallPicture) -> None:
        """Write one, whether there is room for it or not; it need not outlive a power cut.

        Raises
        ------
        OSError
            Where it cannot be written. `FileExistsError` where another process writes the same.
        """
        path = self._path(digest, size, made.media_type)
        try:
            replace_file(path, made.content, durable=False)
        except FileNotFoundError:  # to ask each time whether its folder is there takes half as long
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, made.content, durable=False)

    def n_bytes(self) -> int:
        """Add up what they take."""
        return sum(size for _, size, _ in self._files())

    def obstacle(self) -> str | None:
        """Tell why a run could make none; None where nothing is seen that hinders it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"{self.path} is no folder and cannot be made one ({error.strerror})"
        if not os.access(self.path, os.W_OK):
            return f"nothing may be written to {self.path}"
        if self.n_bytes() >= self.max_bytes:
            n_gib = self.max_bytes / GIBIBYTE
            return f"{n_gib:g} GiB of them are in {self.path}; delete it for others"
        return None

    def forget_oldest(self) -> None:
        """Remove the oldest until there is some room."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= KEPT_SHARE * self.max_bytes:
                break
            with suppress(OSError):
                Path(path).unlink()
                total -= size

    def _path(self, digest: bytes, size: int, media_type: str) -> Path:
        name = hashlib.sha256(digest + str(size).encode()).hexdigest()[:40]
        return self.path / name[:2] / f"{name}{_SUFFIXES[media_type]}"

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """Yield time, size and path of each; what a killed process left goes like others.

        The folder may be a link to one where somebody else's files are too, which stay.
        """
        for folder in _entries(self.path):
            if not folder.is_dir(follow_symlinks=False):
                continue
            for file in _entries(folder):
                if not _NAME.fullmatch(file.name):
                    continue
                with suppress(OSError):
                    status = file.stat(follow_symlinks=False)
                    yield status.st_mtime_ns, status.st_size, file.path


def _entries(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder; nothing where it may not be read, or has gone."""
    with suppress(OSError):
        yield from os.scandir(folder)


class ThumbnailRoom:
    """How much room there is left for one of those who write."""

    def __init__(self, folder: ThumbnailFolder) -> None:
        self._folder = folder
        self._n_bytes = 0

    def is_left(self) -> bool:
        """Tell whether there is any, and look where it has to be looked."""
        if self._n_bytes <= 0:
            most = self._folder.max_bytes
            self._n_bytes = min(most - self._folder.n_bytes(), most // SHARES)
        return self._n_bytes > 0

    def take(self, n_bytes: int) -> None:
        """Note that so many have been written."""
        self._n_bytes -= n_bytes
