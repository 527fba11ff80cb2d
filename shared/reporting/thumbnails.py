"""Small copies of pictures that lie on this disk as plain files, to stand in an HTML page."""

import base64
import io
from pathlib import Path

from shared.errors import SkipError
from shared.images import open_picture
from shared.records import Limits

SIDE_PIXELS = 96


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
    except SkipError:
        return None
    if opened.picture.hash_id != image_hash:
        return None
    image = opened.image.convert("RGBA" if "A" in opened.image.getbands() else "RGB")
    image.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode("ascii")


def _content(path: str, max_bytes: int) -> bytes | None:
    try:
        file = Path(path)
        # A name without a folder would be looked for wherever the command happens to run.
        if not (file.is_absolute() and file.is_file() and file.stat().st_size <= max_bytes):
            return None
        return file.read_bytes()
    except (OSError, ValueError):
        return None
