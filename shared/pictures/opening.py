"""A file's bytes to one decoded picture, under limits, or the fate that it has instead.

Each format's reader is called directly, in place of `PIL.Image.open`: the limit is then ours
alone, an argument and no global of Pillow, and no reader of another format is ever loaded.
What comes out is what `Image.open` would have opened.
"""

import ctypes
import logging
import math
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TypeAlias

import numpy as np
from PIL import Image, _imaging
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shared.errors import Fate, SkipError
from shared.hashing import pixel_hash_of_strips
from shared.pictures.bombs import CountedReader, check_before_decoding, check_before_opening
from shared.pictures.kinds import READ_HERE, picture_format
from shared.records import HEAD_BYTES, Limits, Picture

_Reader: TypeAlias = Callable[[IO[bytes]], ImageFile]

_READERS: dict[str, _Reader] = {
    "PNG": PngImageFile,
    "JPEG": jpeg_factory,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "PPM": PpmImageFile,
}
# All that Pillow's seven readers have been seen to raise, or can be read to raise, on bad files.
# The content is in memory, so that an OSError is never about a disk.
_PILLOW_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_UNSUPPORTED = re.compile(r"(?i)not (yet )?supported|unsupported|cannot handle|unknown pixel mode")
_TOO_LARGE = re.compile(r"too large for|Too much memory")
_DETAIL_CHARACTERS = 100
STRIP_BYTES = 2**18
PIXEL_DIGITS = 6
"""Decimals of megapixels that tell single pixels."""

# What Pillow and the C library below it tell of a broken picture becomes a fate here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
with suppress(AttributeError, OSError):
    # About 6,000 compressed TIFFs with three bytes changed libtiff writes 14,800 lines to stderr.
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """A decoded picture, fully loaded: of an animation the frame that opening shows."""

    image: Image.Image
    picture: Picture


def open_picture(content: bytes, limits: Limits) -> Opened:
    """Decode a picture and hash its pixels.

    Parameters
    ----------
    content : bytes
        The whole file. Its format is told by its content alone.
    limits : Limits
        Of these ``max_megapixels`` counts: more are refused before they are decoded.

    Raises
    ------
    SkipError
        ``too_large`` above the limit or beyond the memory; ``truncated`` where the file ends too
        early; ``unsupported_format`` for a kind that Pillow does not decode; else ``corrupt``.
    """
    found = picture_format(content[:HEAD_BYTES])
    if found is None:
        raise SkipError(Fate.UNSUPPORTED_FORMAT, f"not a picture that is read here; {READ_HERE}")
    check_before_opening(found, content)
    file = CountedReader(content)
    try:
        return _decoded(found, file, content, limits)
    except MemoryError:
        raise SkipError(Fate.TOO_LARGE, "more memory than there is") from None
    except Image.DecompressionBombError:
        raise SkipError(Fate.TOO_LARGE, "more megapixels than Pillow itself allows") from None
    except _PILLOW_ERRORS as error:
        raise _skip_error(found, file, content, error) from error


def _decoded(found: str, file: CountedReader, content: bytes, limits: Limits) -> Opened:
    image = _READERS[found](file)
    megapixels = _n_pixels(image) / 1e6
    if megapixels > limits.max_megapixels:
        raise SkipError(Fate.TOO_LARGE, _excess(megapixels, limits.max_megapixels))
    check_before_decoding(found, content, megapixels)
    image.load()
    identity = pixel_hash_of_strips(_iter_strips(image))
    picture = Picture(identity, image.mode, image.width, image.height, image.format or found)
    return Opened(image, picture)


def _excess(found: float, allowed: float) -> str:
    """Megapixels found and allowed, in as many digits as tell them apart."""
    shown = (f"{found:.{n_digits}f}" for n_digits in range(1, PIXEL_DIGITS))
    told = next((one for one in shown if float(one) > allowed), f"{found:.{PIXEL_DIGITS}f}")
    return f"{told} megapixels, allowed {np.format_float_positional(allowed, trim='-')}"


def _n_pixels(image: ImageFile) -> int:
    """Pixels to decode: of a TIFF at least a whole tile, however little of it the picture shows."""
    n_pixels = image.width * image.height
    if not isinstance(image, TiffImageFile):
        return n_pixels
    sides = (image.tag_v2.get(tag) for tag in (TILEWIDTH, TILELENGTH))
    return max(n_pixels, math.prod(side for side in sides if isinstance(side, int)))


def _iter_strips(image: Image.Image) -> Iterator[bytes]:
    """Yield `Image.tobytes()` in strips of whole rows.

    Strips that stay in the processor's cache cost less time and memory than one long copy.
    """
    width, height = image.size
    n_rows = max(1, STRIP_BYTES // (width * len(image.getbands())))
    if n_rows >= height:
        yield image.tobytes()
        return
    for top in range(0, height, n_rows):
        yield image.crop((0, top, width, min(top + n_rows, height))).tobytes()


def _skip_error(found: str, file: CountedReader, content: bytes, error: Exception) -> SkipError:
    detail = " ".join(str(error).split())[:_DETAIL_CHARACTERS]
    if _TOO_LARGE.search(detail):
        return SkipError(Fate.TOO_LARGE, f"{found}: {detail}")
    # A KeyError inside a reader is a mode or compression that its tables lack.
    if isinstance(error.__cause__, KeyError) or _UNSUPPORTED.search(detail):
        return SkipError(Fate.UNSUPPORTED_FORMAT, f"a kind of {found} that is not read: {detail}")
    n_declared_bytes = int.from_bytes(content[4:8], "little") + 8
    if file.ran_out or (found == "WEBP" and n_declared_bytes > len(content)):
        return SkipError(Fate.TRUNCATED, f"the {found} ends too early")
    return SkipError(Fate.CORRUPT, f"broken {found}: {detail or type(error).__name__}")
