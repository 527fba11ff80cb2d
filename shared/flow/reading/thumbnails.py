"""Thumbnails for the review, made of pictures while they are decoded anyway; each reader's own.

Nothing depends on them: one that cannot be made or written is none. A run removes no older ones,
but stops where there is no room left for more.
"""

from shared.pictures.opening import Opened
from shared.pictures.thumbnails import thumbnail_of
from shared.results.thumbnails import ThumbnailFolder, ThumbnailRoom

SIDE_PIXELS = 256
"""The size of a grid's."""


class ThumbnailMaker:
    """Makes those that are not there yet, as long as there is room."""

    def __init__(self, folder: ThumbnailFolder) -> None:
        self._folder = folder
        self._room = ThumbnailRoom(folder)
        self._is_ending = False

    def make(self, digest: bytes, picture: Opened) -> None:
        """Make the thumbnail of a decoded picture, by the SHA-256 of its file."""
        self._is_ending = self._is_ending or not self._room.is_left()
        if self._is_ending or self._folder.has(digest, SIDE_PIXELS):
            return
        made = thumbnail_of(picture, SIDE_PIXELS)
        if made is None:
            return
        try:
            self._folder.keep(digest, SIDE_PIXELS, made)
        except FileExistsError:
            pass  # another reader has begun the same
        except OSError:
            self._is_ending = True  # the disk is full, or here nothing may be written
        else:
            self._room.take(len(made.content))
