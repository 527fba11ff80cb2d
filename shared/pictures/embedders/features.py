"""The numbers of the built-in embedder: what a small copy of a picture shows.

Every picture is first made RGB, laid on grey where it is transparent, and stretched to a square.
The three parts are scaled so that each has a say in a distance between vectors and their norm is
about 10, as it is for CLIP: then classifiers work with their default settings on both.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image
from PIL.Image import Resampling
from skimage.feature import hog

from shared.records import Floats

BACKGROUND = (128, 128, 128)
"""Mid-grey: drawings in black and in white both stand out from it."""

GRADIENT_SIDE = 20
THUMBNAIL_SIDE = 8
COLOUR_SIDE = 4
N_LEVELS = 4
BRIGHTNESS_WEIGHT, COLOUR_WEIGHT, HISTOGRAM_WEIGHT = 2.5, 4.0, 2.0

_DEEP = ("F", "I", "I;16", "I;16L", "I;16B", "I;16N")
_MAX_DEEP = 65_535
_PLAINER: dict[str, Callable[[Image.Image], Image.Image]] = {
    "LAB": lambda image: image.getchannel("L"),
    "La": lambda image: image.convert("LA"),
}
"""Modes that Pillow does not convert to RGB in one step; of LAB the lightness has to do."""
_REDUCING_GAP = 2.0


def vector(image: Image.Image) -> Floats:
    """One vector of 672 numbers for a picture of any size and mode, the same in any batch."""
    small = _small_copy(image)
    return np.concatenate([_gradients(small), _thumbnail(small), _histogram(small)])


def _gradients(small: Image.Image) -> Floats:
    """Square roots of a histogram of oriented gradients: 512 numbers, 16 blocks of 32.

    The root (as in RootSIFT, Arandjelovic and Zisserman 2012) keeps few strong edges from
    drowning many weak ones.
    """
    grey = np.asarray(small.convert("L"), np.float64) / 255
    histogram = hog(
        grey, orientations=8, pixels_per_cell=(4, 4), cells_per_block=(2, 2), block_norm="L2-Hys"
    )
    return np.asarray(np.sqrt(histogram), np.float64)


def _thumbnail(small: Image.Image) -> Floats:
    """Brightness of 8 x 8 parts and colour of 4 x 4: 96 numbers around zero."""
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    bands = small.resize(side, Resampling.BILINEAR).convert("YCbCr").split()
    colours = [band.resize((COLOUR_SIDE, COLOUR_SIDE), Resampling.BOX) for band in bands[1:]]
    brightness, *colours_flat = (
        np.asarray(band, np.float64).ravel() / 255 - 0.5 for band in (bands[0], *colours)
    )
    return np.concatenate(
        [brightness * BRIGHTNESS_WEIGHT, *(flat * COLOUR_WEIGHT for flat in colours_flat)]
    )


def _histogram(small: Image.Image) -> Floats:
    """Square roots of the shares of 4 x 4 x 4 colours: 64 numbers."""
    levels = np.asarray(small) // (256 // N_LEVELS)
    codes = levels.astype(np.intp) @ (N_LEVELS**2, N_LEVELS, 1)
    shares = np.bincount(codes.ravel(), minlength=N_LEVELS**3) / codes.size
    return np.sqrt(shares) * HISTOGRAM_WEIGHT


def _small_copy(image: Image.Image) -> Image.Image:
    """Stretch a picture to a small square of RGB pixels."""
    if image.mode in _DEEP:
        deep = _square(image.convert("F"))
        return _eight_bits(deep, is_bounded=image.mode != "F").convert("RGB")
    plain = _PLAINER[image.mode](image) if image.mode in _PLAINER else image
    mode = "RGBA" if plain.has_transparency_data else "RGB"
    square = _square(plain if plain.mode == mode else plain.convert(mode))
    if mode == "RGB":
        return square
    backdrop = Image.new("RGBA", square.size, (*BACKGROUND, 255))
    return Image.alpha_composite(backdrop, square).convert("RGB")


def _square(image: Image.Image) -> Image.Image:
    side = (GRADIENT_SIDE, GRADIENT_SIDE)
    return image.resize(side, Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)


def _eight_bits(deep: Image.Image, *, is_bounded: bool) -> Image.Image:
    """Scale a deep picture to 8 bits, where Pillow's own conversion would cut it off.

    16 bits are divided by 257. Floats, and integers beyond 16 bits, have no range of their own
    and are stretched from the least to the greatest.
    """
    with np.errstate(invalid="ignore"):  # a signalling NaN of a stranger
        pixels = np.asarray(deep).astype(np.float64)
    finite = np.isfinite(pixels)
    pixels[~finite] = pixels[finite].min() if finite.any() else 0
    least, greatest = pixels.min(), pixels.max()
    if not is_bounded or least < 0 or greatest > _MAX_DEEP:
        pixels = (pixels - least) / ((greatest - least) or 1) * _MAX_DEEP
    return Image.fromarray((pixels / 257).round().astype(np.uint8))
