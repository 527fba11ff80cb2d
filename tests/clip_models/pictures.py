"""Pictures of every mode, each the same everywhere, and the ways in which they are prepared.

Nothing here is lossy or chosen by an encoder, so that numbers made from it once stay true.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.clip_models.layout import clip_config, siglip_config
from tests.clip_models.plans import Plan

ORIENTATION, TURNED = 0x0112, 6
N_SAMPLES_A_SIDE = 4

CONFIGS: dict[str, dict[str, Any]] = {
    "clip": clip_config(Plan(side=224)),
    "clip, old spelling": {
        "feature_extractor_type": "CLIPFeatureExtractor",
        "size": 40,
        "crop_size": 32,
        "resample": 3,
    },
    "clip, crop beyond the picture": clip_config(
        size={"shortest_edge": 21}, crop_size={"height": 32, "width": 27}, resample=2
    ),
    "siglip": siglip_config(Plan(side=48)),
}


def pictures() -> dict[str, Image.Image]:
    """One picture of each kind, opened from a file in memory where a file matters."""
    drawn = _drawn("RGB", 61, 47)
    palette = _drawn("P", 50, 64)
    palette.putpalette(np.random.default_rng(8).bytes(768))
    return {
        "RGB": drawn,
        "RGB, tall": _drawn("RGB", 30, 301),
        "RGB, small": _drawn("RGB", 5, 7),
        "RGB, one clear colour": _opened(drawn, transparency=drawn.getpixel((3, 3))),
        "RGB, to be turned": _turned(drawn),
        "RGBA": _drawn("RGBA", 45, 61),
        "L": _drawn("L", 33, 33),
        "L, one clear level": _opened(_drawn("L", 40, 31), transparency=77),
        "LA": _drawn("LA", 64, 40),
        "1": _drawn("L", 57, 40).point(lambda level: 255 * (level > 127), "1"),
        "P": palette,
        "P, one clear colour": _opened(palette, transparency=9),
        "P, levels of clearness": _opened(palette, transparency=bytes(range(0, 250, 2))),
        "CMYK": _drawn("CMYK", 44, 52),
        "YCbCr": _drawn("YCbCr", 41, 38),
        "I;16": _deep("I;16", np.uint16),
        "I": _deep("I", np.int32),
        "F": _deep("F", np.float32),
    }


def sampled(planes: NDArray[np.float32]) -> list[float]:
    """Sixteen numbers of each plane of one prepared picture, and the mean of all."""
    rows, columns = (np.linspace(0, n - 1, N_SAMPLES_A_SIDE).astype(int) for n in planes.shape[1:])
    samples = planes[:, rows][:, :, columns].ravel().tolist()
    return [*samples, float(planes.mean(dtype=np.float64))]


def _drawn(mode: str, width: int, height: int) -> Image.Image:
    """Waves with noise on them: smooth parts and sharp ones."""
    rng = np.random.default_rng([2031, width, height])
    n_bands = len(Image.new(mode, (1, 1)).getbands())
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (3 + band) + band) + np.cos(y / (5 - band)) for band in range(n_bands)]
    noise = rng.normal(size=(height, width, n_bands)) * 0.4
    levels = (np.stack(waves, axis=-1) + noise) * 60 + 128
    pixels = np.clip(levels, 0, 255).astype(np.uint8)
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def _deep(mode: str, dtype: type[np.generic]) -> Image.Image:
    levels = np.random.default_rng(9).random((37, 45)) * 400
    return Image.frombytes(mode, (45, 37), levels.astype(dtype).tobytes())


def _opened(image: Image.Image, **options: object) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    opened = Image.open(file)
    opened.load()
    return opened


def _turned(image: Image.Image) -> Image.Image:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    return _opened(image, exif=exif)
