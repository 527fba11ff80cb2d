"""Small copies of pictures that lie on this disk as plain files, to stand in an HTML page."""

import base64
import io
from pathlib import Path

from shared.errors import SkipError
from shared.pictures.opening import Opened, open_picture
from shared.records import Limits
from shared.regular_files import read_small

SIDE_PIXELS = 96
# What a picture that could be decoded may still cost when it is converted; all is in memory.
_PILLOW_ERRORS = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)


def thumbnail(path: str, image_hash: str, limits: Limits) -> str | None:
    """Make a picture's thumbnail as a ``data:`` address.

    Returns
    -------
    str or None
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
        packed = _packed(opened)
    except (SkipError, *_PILLOW_ERRORS):
        return None
    return "data:image/png;base64," + base64.b64encode(packed).decode("ascii")


def _packed(opened: Opened) -> bytes:
    """Make a small PNG; a palette may hold transparency too, and only RGBA keeps it."""
    image, packed = opened.image, io.BytesIO()
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    small.save(packed, "PNG")
    return packed.getvalue()


def _content(path: str, max_bytes: int) -> bytes | None:
    try:
        file = Path(path)
        # A name without a folder would be looked for wherever the command happens to run.
        return read_small(file, max_bytes) if file.is_absolute() else None
    except (OSError, ValueError):
        return None
