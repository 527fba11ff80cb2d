"""A picture -> a thumbnail of its own, encoded anew: never a stranger's bytes.

It stands upright, where its camera has told how; what is transparent stays so. It is made of a
file's bytes, or of what has been decoded for something else.
"""

import io

from PIL import ExifTags, Image

from shared.pictures.opening import PILLOW_ERRORS, Opened, Reduced, open_reduced
from shared.records import JPEG, WEBP, Limits, SmallPicture

JPEG_QUALITY = 85
WEBP_QUALITY = 85
REDUCING_GAP = 2.0
QUICK_GAP = 1.1
"""What is shrunk by averaging ends so many times as large; a filter does the rest, and takes more
time for more of it. The quick one halves that of a photo; what differs is hard to see."""
_FULL_LEVELS = 65_535
_TRANSPARENT = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By Exif's orientation: how a picture is brought to stand upright."""


def thumbnail(content: bytes, size: int, limits: Limits) -> SmallPicture:
    """Shrink a picture so that neither side is larger than ``size``; a smaller one stays as it is.

    Raises
    ------
    SkipError
        Where it cannot be decoded, or is beyond the limits.
    """
    reduced = open_reduced(content, limits, size)
    return _made(reduced, reduced.image, size, REDUCING_GAP)


def thumbnail_of(opened: Opened, size: int) -> SmallPicture | None:
    """Shrink a decoded picture, which looks the same; None where that cannot be done.

    It is quicker than `thumbnail` by all that decoding takes. The picture stays as it is.
    """
    try:
        image = opened.image
        return _made(Reduced(image, image.size), opened.header, size, QUICK_GAP)
    except (MemoryError, *PILLOW_ERRORS):
        return None


def _made(picture: Reduced, header: Image.Image, size: int, gap: float) -> SmallPicture:
    small = _plain(picture.image)
    is_small = max(picture.size) <= size
    if not is_small:
        side = _side(picture.size, size)
        small = small.resize(side, Image.Resampling.BICUBIC, reducing_gap=gap)
    turn = _turn(header)
    return _encoded(small.copy() if turn is None else small.transpose(turn), is_small=is_small)


def _side(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Width and height in the same relation, the larger of them ``most``."""
    longest = max(size)
    width, height = (max(1, round(one * most / longest)) for one in size)
    return width, height


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


def _turn(header: Image.Image) -> Image.Transpose | None:
    """Tell what brings a picture to stand upright, if anything."""
    try:
        return _TURNS.get(header.getexif().get(ExifTags.Base.Orientation, 1))
    # Exif is a stranger's; a picture with a broken one is shown as it lies.
    except PILLOW_ERRORS:
        return None


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
