"""A file's bytes -> a small picture of its own, encoded anew: never a stranger's bytes.

It stands upright, where its camera has told how; what is transparent stays so.
"""

import io
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image, ImageOps

from shared.pictures.opening import open_reduced
from shared.records import Limits

JPEG, WEBP = "image/jpeg", "image/webp"
JPEG_QUALITY = 85
WEBP_QUALITY = 85
_FULL_LEVELS = 65_535
_TRANSPARENT = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A small picture, encoded."""

    content: bytes
    media_type: str


def thumbnail(content: bytes, size: int, limits: Limits) -> SmallPicture:
    """Shrink a picture so that neither side is larger than ``size``; a smaller one stays as it is.

    Raises
    ------
    SkipError
        Where it cannot be decoded, or is beyond the limits.
    """
    image = open_reduced(content, limits, size)
    is_small = max(image.size) <= size
    image = _upright(_plain(image))
    if not is_small:
        image.thumbnail((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return _encoded(image, is_small=is_small)


def _plain(image: Image.Image) -> Image.Image:
    """Bring a picture into a mode that can be shrunk and encoded."""
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode.startswith(("I", "F")):
        _, high = image.getextrema()
        top = high if isinstance(high, int | float) and high > 255 else 255
        top = max(top, _FULL_LEVELS) if image.mode.startswith("I;16") else top
        return image.convert("F").point(lambda level: level * (255 / top)).convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    # Exif is a stranger's; a picture with a broken one is shown as it lies.
    with suppress(ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return ImageOps.exif_transpose(image)
    return image


def _encoded(image: Image.Image, *, is_small: bool) -> SmallPicture:
    """Encode: small ones, which may be drawn pixel by pixel, without loss."""
    file = io.BytesIO()
    image.info = {}  # a comment, a profile: Pillow would write them again
    if is_small:
        image.save(file, "WEBP", lossless=True, quality=0, method=0)
        return SmallPicture(file.getvalue(), WEBP)
    if image.mode == "RGBA":
        image.save(file, "WEBP", quality=WEBP_QUALITY, method=0)
        return SmallPicture(file.getvalue(), WEBP)
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return SmallPicture(file.getvalue(), JPEG)
