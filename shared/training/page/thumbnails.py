"""Small pictures that stand in a page itself, and where the large ones lie."""

import base64
import io
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from shared.errors import SkipError
from shared.pictures.opening import Opened, open_picture
from shared.records import Limits
from shared.regular_files import read_small

SIDE_PIXELS = 160
_QUALITY = 80
_SHOWN_BY_BROWSERS = frozenset({"PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP"})
# What a picture that could be decoded may still cost when it is converted; all is in memory.
_PILLOW_ERRORS = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture as a ``data:`` address, and the address of the file that it was made from.

    ``is_whole`` tells that nothing was shrunk. ``large`` is relative, and the ``data:`` address
    where a browser cannot show the file.
    """

    address: str
    large: str
    is_whole: bool


def thumbnail(path: str, image_hash: str, folder: Path, limits: Limits) -> Thumbnail | None:
    """Make a picture's thumbnail for a page in a folder.

    Returns
    -------
    Thumbnail or None
        None where the path is no plain file, cannot be read, is no picture within the limits, or
        is now another picture than the one of that hash.
    """
    content = _content(path, limits.max_member_bytes)
    if content is None:
        return None
    try:
        opened = open_picture(content, limits)
        if opened.picture.hash_id != image_hash:
            return None
        is_whole = max(opened.image.size) <= SIDE_PIXELS
        address = _packed(opened, "PNG" if is_whole else "WEBP")
    except (SkipError, *_PILLOW_ERRORS):
        return None
    is_shown = opened.picture.format in _SHOWN_BY_BROWSERS
    return Thumbnail(address, (_relative(path, folder) if is_shown else "") or address, is_whole)


def _packed(opened: Opened, kind: str) -> str:
    """Make a small file; a palette may hold transparency too, and only RGBA keeps it."""
    image, packed = opened.image, io.BytesIO()
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    small.save(packed, kind, quality=_QUALITY)
    text = base64.b64encode(packed.getvalue()).decode("ascii")
    return f"data:image/{kind.lower()};base64,{text}"


def _relative(path: str, folder: Path) -> str:
    """Spell the way from a folder to a file as an address; empty where there is none."""
    try:
        return quote(os.path.relpath(path, folder.absolute()).replace(os.sep, "/"))
    except ValueError:  # on another drive
        return ""


def _content(path: str, max_bytes: int) -> bytes | None:
    try:
        file = Path(path)
        # A name without a folder would be looked for wherever the command happens to run.
        return read_small(file, max_bytes) if file.is_absolute() else None
    except (OSError, ValueError):
        return None
