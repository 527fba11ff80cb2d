"""A file's bytes to one decoded picture, under limits, or the fate that it has instead.

Each format's reader is called directly, in place of `PIL.Image.open`: the limit is then ours
alone, an argument and no global of Pillow, and no reader of another format is ever loaded.
What comes out is what `Image.open` would have opened.
"""

import ctypes
import io
import logging
import math
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import IO, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
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
from shared.hashing import pixel_hash, pixel_hash_of_strips
from shared.pictures.jpeg import jpeg_pixels
from shared.pictures.kinds import READ_HERE, picture_format
from shared.records import HEAD_BYTES, Limits, Picture

MAX_READS = 2_500_000
"""Pillow reads chunks, blocks and headers one by one, at about a microsecond each."""
MAX_SCAN_MEGAPIXELS = 5_000
"""Scans of a JPEG times its megapixels; 0.4 ms each. Programs write 1 to 20 scans."""
MAX_TIFF_NUMBERS = 2**18
"""Numbers in one TIFF tag. 2,000,000 strips in 8 MB of file took 9 s and half a gigabyte."""
MAX_PLAIN_BYTES = 16 * 2**20
"""A PNM written in decimal digits is parsed at 5 MB/s."""
_SCAN = re.compile(rb"\xff\xda\0[\x08\x0a\x0c\x0e][\x01-\x04]")
_PLAIN_PNM = (b"P1", b"P2", b"P3")
_BYTE_TYPES = (1, 2, 7)
_SUB_DIRECTORIES = (34665, 34853, 40965)
Result = TypeVar("Result")
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
PILLOW_ERRORS = (
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


class CountedReader(io.BytesIO):
    """A file in memory that allows so many reads and notes when it could not give enough.

    ``ran_out`` tells a truncated picture from a corrupt one. A read of a whole block that gets
    the rest of the file is what every decoder does at the end, so it does not count.
    """

    BLOCK_BYTES = 65_536

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.ran_out = False
        self._reads_left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does."""
        self._reads_left -= 1
        if self._reads_left < 0:
            raise SkipError(Fate.TOO_LARGE, f"in more than {MAX_READS:,} pieces")
        data = super().read(size)
        if size is not None and len(data) < size:
            self.ran_out |= not data or size < self.BLOCK_BYTES
        return data


def check_before_opening(picture_format: str, content: bytes) -> None:
    """Raise `SkipError` for what would already be costly to open."""
    if picture_format == "TIFF":
        for count in _iter_tiff_counts(content):
            if count > MAX_TIFF_NUMBERS:
                reason = f"a TIFF tag of {count:,} numbers, allowed {MAX_TIFF_NUMBERS:,}"
                raise SkipError(Fate.TOO_LARGE, reason)
    if content.startswith(_PLAIN_PNM) and len(content) > MAX_PLAIN_BYTES:
        found, allowed = len(content) / 2**20, MAX_PLAIN_BYTES / 2**20
        raise SkipError(Fate.TOO_LARGE, f"{found:.0f} MiB of plain PNM, allowed {allowed:.0f}")


def check_before_decoding(picture_format: str, content: bytes, megapixels: float) -> None:
    """Raise `SkipError` for what would be costly to decode, given its size."""
    if picture_format != "JPEG":
        return
    n_scans = sum(1 for _ in _SCAN.finditer(content))
    if n_scans * megapixels > MAX_SCAN_MEGAPIXELS:
        reason = f"{n_scans:,} scans, allowed {MAX_SCAN_MEGAPIXELS / megapixels:,.0f} at its size"
        raise SkipError(Fate.TOO_LARGE, reason)


def _iter_tiff_counts(content: bytes) -> Iterator[int]:
    """Yield the length of each tag that Pillow makes Python numbers of, and of each directory."""
    order = "<" if content.startswith(b"II") else ">"
    is_big = 43 in content[2:4]
    number, entry = (f"{order}Q", f"{order}HHQQ") if is_big else (f"{order}L", f"{order}HHLL")
    head = f"{order}Q" if is_big else f"{order}H"
    offsets = [_number(number, content, 8 if is_big else 4)]
    for offset in offsets:
        n_entries = _number(head, content, offset)
        yield n_entries
        start, size = offset + struct.calcsize(head), struct.calcsize(entry)
        table = content[start : start + n_entries * size]
        for tag, kind, count, value in struct.iter_unpack(
            entry, table[: len(table) // size * size]
        ):
            if kind not in _BYTE_TYPES:
                yield count
            if tag in _SUB_DIRECTORIES and len(offsets) <= len(_SUB_DIRECTORIES):
                offsets.append(value)


def _number(layout: str, content: bytes, offset: int) -> int:
    piece = content[offset : offset + struct.calcsize(layout)]
    return int(struct.unpack(layout, piece)[0]) if len(piece) == struct.calcsize(layout) else 0


@dataclass(frozen=True, eq=False)
class Opened:
    """A decoded picture, fully loaded: of an animation the frame that opening shows.

    ``header`` is what Pillow has read of the file beside the pixels, its Exif for one.
    """

    picture: Picture
    header: Image.Image
    _pixels: Image.Image | NDArray[np.uint8]

    @cached_property
    def image(self) -> Image.Image:
        """The pixels as Pillow's image."""
        if isinstance(self._pixels, Image.Image):
            return self._pixels
        return Image.fromarray(self._pixels)


class Reduced(NamedTuple):
    """A picture that may have been decoded smaller than its ``size``."""

    image: Image.Image
    size: tuple[int, int]


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
    return _opened(content, lambda found, file: _decoded(found, file, content, limits))


def open_reduced(content: bytes, limits: Limits, least: int) -> Reduced:
    """Decode a picture to be looked at small: of a JPEG no more than is needed for that.

    Parameters
    ----------
    content : bytes
        The whole file.
    limits : Limits
        As of `open_picture`.
    least : int
        Neither side becomes smaller than this by decoding less, in pixels.

    Raises
    ------
    SkipError
        As of `open_picture`.
    """

    def decoded(found: str, file: CountedReader) -> Reduced:
        image = _checked(found, file, content, limits)
        size = image.size
        is_drafted = image.draft(None, (least, least)) is not None
        image.load()
        return Reduced(image, size if is_drafted else image.size)

    return _opened(content, decoded)


def _opened(content: bytes, decoded: Callable[[str, CountedReader], Result]) -> Result:
    """Have a file decoded, and say why it cannot be."""
    found = picture_format(content[:HEAD_BYTES])
    if found is None:
        raise SkipError(Fate.UNSUPPORTED_FORMAT, f"not a picture that is read here; {READ_HERE}")
    check_before_opening(found, content)
    file = CountedReader(content)
    try:
        return decoded(found, file)
    except MemoryError:
        raise SkipError(Fate.TOO_LARGE, "more memory than there is") from None
    except Image.DecompressionBombError:
        raise SkipError(Fate.TOO_LARGE, "more megapixels than Pillow itself allows") from None
    except PILLOW_ERRORS as error:
        raise _skip_error(found, file, content, error) from error


def _decoded(found: str, file: CountedReader, content: bytes, limits: Limits) -> Opened:
    image = _checked(found, file, content, limits)
    pixels = jpeg_pixels(content, image.mode, image.size) if found == "JPEG" else None
    if pixels is None:
        image.load()
        identity = pixel_hash_of_strips(_iter_strips(image))
    else:
        identity = pixel_hash(pixels.data)
    picture = Picture(identity, image.mode, image.width, image.height, image.format or found)
    return Opened(picture, image, image if pixels is None else pixels)


def _checked(found: str, file: CountedReader, content: bytes, limits: Limits) -> ImageFile:
    """Open a picture whose decoding is within the limits."""
    image = _READERS[found](file)
    megapixels = _n_pixels(image) / 1e6
    if megapixels > limits.max_megapixels:
        raise SkipError(Fate.TOO_LARGE, _excess(megapixels, limits.max_megapixels))
    check_before_decoding(found, content, megapixels)
    return image


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
