"""Thumbnails that were made before: files in a hidden folder of the output folder, so many bytes.

They are found by the digest of the picture's bytes: another place of the same file has them too,
and one whose archive has gone is still shown. Where there is no room, the oldest go.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from html import escape
from pathlib import Path
from textwrap import wrap

from shared.database.reviewing import PlacedPicture
from shared.names import printable
from shared.records import GIBIBYTE, MEBIBYTE
from shared.regular_files import read_small
from shared.replacing import UNFINISHED, replace_file
from shared.review.decoders import Decoders, Tile

SIZES = (256, 1024)
MAX_BYTES = GIBIBYTE
KEPT_SHARE = 0.9
"""So much of it is kept when the oldest go, so that it is not looked through for each new one."""
_MAX_TILE_BYTES = 16 * MEBIBYTE
_MEDIA_TYPES = {".jpg": "image/jpeg", ".webp": "image/webp"}
_SUFFIXES = {media_type: suffix for suffix, media_type in _MEDIA_TYPES.items()}


class Tiles:
    """All thumbnails of an output folder, made or to be made. For several threads."""

    def __init__(self, folder: Path, decoders: Decoders, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._decoders = decoders
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Tile]] = {}
        self._n_bytes = sum(size for _, size, _ in self._files())

    def stand_by(self) -> None:
        """Have what makes them ready."""
        self._decoders.stand_by()

    def end(self) -> None:
        """Make no more, and let nobody wait."""
        self._decoders.end()

    def find(self, picture: PlacedPicture, size: int) -> Tile | None:
        """Find a thumbnail that was made before."""
        name = _name(picture, size)
        for suffix, media_type in _MEDIA_TYPES.items():
            with suppress(OSError):
                path = self._folder / name[:2] / f"{name}{suffix}"
                return Tile(read_small(path, _MAX_TILE_BYTES, ours=True), media_type)
        return None

    def make(self, picture: PlacedPicture, size: int) -> "Future[Tile]":
        """Have one made; who asks while it is under way gets the same."""
        name = _name(picture, size)
        with self._lock:
            waiting = self._under_way.get(name)
            if waiting and not waiting.cancelled():
                return waiting
            future = self._under_way[name] = self._decoders.submit(picture, size)
        future.add_done_callback(lambda done: self._keep(name, done))
        return future

    def _keep(self, name: str, done: "Future[Tile]") -> None:
        with self._lock:
            self._under_way.pop(name, None)
        if done.cancelled() or done.exception() or done.result().reason:
            return
        tile = done.result()
        path = self._folder / name[:2] / f"{name}{_SUFFIXES[tile.media_type]}"
        with suppress(OSError):  # a full disk costs the next one its time, and nothing else
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, tile.content, durable=False)
        with self._lock:
            self._n_bytes += len(tile.content)
            if self._n_bytes > self._max_bytes:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= KEPT_SHARE * self._max_bytes:
                break
            with suppress(OSError):
                Path(path).unlink()
                total -= size
        self._n_bytes = total

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """Yield time, size and path of each file."""
        with suppress(OSError):
            for folder in os.scandir(self._folder):
                if not folder.is_dir(follow_symlinks=False):
                    continue
                for file in os.scandir(folder):
                    with suppress(OSError):
                        status = file.stat(follow_symlinks=False)
                        if not file.name.startswith(UNFINISHED):
                            yield status.st_mtime_ns, status.st_size, file.path


def reason_tile(reason: str) -> bytes:
    """Draw a tile that says why there is no picture: an SVG of text, which runs nothing."""
    lines = wrap(printable(reason), 30)[:8]
    spans = "".join(
        f'<tspan x="128" dy="{20 if number else 0}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    top = 128 - 10 * (len(lines) - 1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" width="256" height="256">'
        '<rect width="256" height="256" fill="#777"/>'
        f'<text x="128" y="{top}" fill="#fff" font-family="sans-serif" font-size="15" '
        f'text-anchor="middle">{spans}</text></svg>'
    ).encode()


def _name(picture: PlacedPicture, size: int) -> str:
    return hashlib.sha256(picture.content_sha256 + str(size).encode()).hexdigest()[:40]
