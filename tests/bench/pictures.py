"""Seeded pictures as people keep them: photos mostly, of mixed size, subsampling and format.

Each number gives one picture, the same on every run, and no two have the same pixels.
"""

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MEGAPIXELS = (0.12, 0.31, 0.48, 0.79, 0.96, 1.30)
"""0.66 on average."""
ASPECTS = (1.5, 0.75, 1.0, 1.33, 0.67)
PHOTO_ASPECTS = (1.5, 0.75, 1.33, 0.67)
QUALITIES = (80, 90, 85)
SUBSAMPLINGS = ("4:2:0", "4:2:0", "4:4:4", "4:2:0", "4:2:2")
GREY_SHARE = 0.05
PROGRESSIVE_SHARE = 0.1
N_TEXTURES = 2
TEXTURE_SIDE = 1700
GRAIN = 0.43
PNG_SHARE = 0.55
"""PNGs have fewer pixels, and what noise they have costs about 600 KB all the same."""

Pixels = NDArray[np.uint8]


def picture(number: int) -> tuple[str, bytes]:
    """File name and content of one picture."""
    kind = _kind(number)
    rng = np.random.default_rng([2026, number])
    file = io.BytesIO()
    _SAVERS[kind](_pixels(rng, PNG_SHARE if kind == "png" else 1), rng, file)
    return f"{number:06}.{kind}", file.getvalue()


def tiny_picture(number: int) -> bytes:
    """PNG of 4 by 4 random pixels."""
    pixels = np.random.default_rng([2027, number]).integers(0, 256, (4, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def photo(number: int) -> bytes:
    """JPEG of 1 to 1.9 megapixels."""
    rng = np.random.default_rng([2031, number])
    file = io.BytesIO()
    _save_jpeg(_window(rng, rng.uniform(1, 1.9) * 1e6, rng.choice(PHOTO_ASPECTS)), rng, file)
    return file.getvalue()


def small_picture(number: int) -> bytes:
    """PNG of 64 by 64 pixels of a photo."""
    file = io.BytesIO()
    pixels = _window(np.random.default_rng([2032, number]), 64**2, 1.0)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _kind(number: int) -> str:
    """Of 100 pictures 73 are JPEG, 25 PNG, one is a GIF and one a WebP."""
    if number % 4 == 3:
        return "png"
    return {0: "gif", 50: "webp"}.get(number % 100, "jpg")


def _pixels(rng: np.random.Generator, share: float) -> Pixels:
    """Cut a window out of a texture, mirrored or not, with a brightness of its own."""
    n_pixels = rng.choice(MEGAPIXELS) * share * 1e6
    return _window(rng, n_pixels, rng.choice(ASPECTS))


def _window(rng: np.random.Generator, n_pixels: float, aspect: float) -> Pixels:
    height = int((n_pixels / aspect) ** 0.5)
    width = int(n_pixels / height)
    top, left = rng.integers(0, (TEXTURE_SIDE - height, TEXTURE_SIDE - width))
    texture = _texture(int(rng.integers(N_TEXTURES)))
    window = texture[top : top + height, left : left + width, :: rng.choice((1, -1))]
    mirrored = window[:, :: rng.choice((1, -1))]
    return np.ascontiguousarray(mirrored - mirrored // 4 + rng.integers(64, dtype=np.uint8))


@functools.cache
def _texture(number: int) -> Pixels:
    """Random structure of every scale, as photos have it, with the grain of a sensor."""
    rng = np.random.default_rng([2028, number])
    layers = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE, 3), np.float32)
    for octave in range(2, 12):
        for channel in range(3):
            small = Image.fromarray(rng.normal(size=(2**octave, 2**octave)).astype(np.float32))
            wide = small.resize((TEXTURE_SIDE, TEXTURE_SIDE), Image.Resampling.BICUBIC)
            layers[..., channel] += np.asarray(wide) / 2 ** (GRAIN * octave)
    shades: Pixels = np.clip(128 + layers * (90 / layers.std()), 0, 255).astype(np.uint8)
    return shades


def _save_jpeg(pixels: Pixels, rng: np.random.Generator, file: io.BytesIO) -> None:
    image = Image.fromarray(pixels)
    image.convert("L" if rng.random() < GREY_SHARE else "RGB").save(
        file,
        "JPEG",
        quality=int(rng.choice(QUALITIES)),
        subsampling=str(rng.choice(SUBSAMPLINGS)),
        progressive=bool(rng.random() < PROGRESSIVE_SHARE),
    )


def _save_png(pixels: Pixels, _: np.random.Generator, file: io.BytesIO) -> None:
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)


def _save_gif(pixels: Pixels, _: np.random.Generator, file: io.BytesIO) -> None:
    image = Image.fromarray(pixels)
    image.quantize(128, method=Image.Quantize.FASTOCTREE).save(file, "GIF")


def _save_webp(pixels: Pixels, _: np.random.Generator, file: io.BytesIO) -> None:
    Image.fromarray(pixels).save(file, "WEBP", quality=80, method=0)


_SAVERS = {"jpg": _save_jpeg, "png": _save_png, "gif": _save_gif, "webp": _save_webp}
