"""What stands for a picture on the page: its thumbnail, found or made, or the reason for none.

Who asks for one that is being made waits for the same. Where the thumbnails take too much, the
oldest go.
"""

import threading
from concurrent.futures import Future
from contextlib import suppress
from html import escape
from textwrap import wrap

from shared.database.reviewing import PlacedPicture
from shared.names import printable
from shared.records import SmallPicture
from shared.results.thumbnails import ThumbnailFolder, ThumbnailRoom
from shared.review.decoders import Decoders, Tile

SIZES = (256, 1024)


class Tiles:
    """The tiles of all pictures of an output folder. For several threads."""

    def __init__(self, folder: ThumbnailFolder, decoders: Decoders) -> None:
        self._folder = folder
        self._decoders = decoders
        self._lock = threading.Lock()
        self._under_way: dict[tuple[bytes, int], Future[Tile]] = {}
        self._room = ThumbnailRoom(folder)

    def stand_by(self) -> None:
        """Have what makes thumbnails ready."""
        self._decoders.stand_by()

    def end(self) -> None:
        """Make no more, and let nobody wait."""
        self._decoders.end()

    def find(self, picture: PlacedPicture, size: int) -> Tile | None:
        """Find a thumbnail that was made before, by a run or for a page."""
        found = self._folder.find(picture.content_sha256, size)
        return Tile(found.content, found.media_type) if found else None

    def make(self, picture: PlacedPicture, size: int) -> "Future[Tile]":
        """Have one made; who asks while it is under way gets the same."""
        key = picture.content_sha256, size
        with self._lock:
            waiting = self._under_way.get(key)
            if waiting and not waiting.cancelled():
                return waiting
            future = self._under_way[key] = self._decoders.submit(picture, size)
        future.add_done_callback(lambda done: self._keep(key, done))
        return future

    def _keep(self, key: tuple[bytes, int], done: "Future[Tile]") -> None:
        with self._lock:
            self._under_way.pop(key, None)
        if done.cancelled() or done.exception() or done.result().reason:
            return
        tile = done.result()
        with suppress(OSError):  # a full disk costs the next one its time, and nothing else
            self._folder.keep(*key, SmallPicture(tile.content, tile.media_type))
        with self._lock:
            self._room.take(len(tile.content))
            if not self._room.is_left():
                self._folder.forget_oldest()


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
