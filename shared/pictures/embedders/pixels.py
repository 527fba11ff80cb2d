"""Pictures to the numbers that a tower takes: the same as the image processor of transformers.

In two steps: the pixels that are looked at, which take little room on their way to another
process, and the numbers that they mean.

Equal means equal: the same Pillow calls on the same 8-bit levels, and the same float arithmetic.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.pictures.embedders.recipe import Recipe

BACKDROP = (255, 255, 255, 255)
"""White: transparent pictures are laid on it, as transformers 5.22 and later do.

Earlier releases, and open_clip, drop the alpha channel and show what lies under it.
"""

MAX_RESIZED_PIXELS = 2**24
"""A picture that would be larger, resized whole, is so long that only its middle is resized."""

Pixels: TypeAlias = NDArray[np.uint8]

_STRIP_PIXELS = 2**18
_N_LEVELS = 256


def cropped(images: Sequence[Image.Image], recipe: Recipe) -> Pixels:
    """Shrink pictures to what a tower looks at.

    Parameters
    ----------
    images : sequence of PIL.Image.Image
        Decoded pictures of any size and mode, as stored: a rotation that Exif asks for is not
        done. They are not changed.
    recipe : Recipe
        What to do to each.

    Returns
    -------
    ndarray of shape (len(images), height, width, 3), uint8
        Red, green and blue levels.
    """
    pixels = np.empty((len(images), *recipe.size, 3), np.uint8)
    for place, image in zip(pixels, images, strict=True):
        place[:] = np.asarray(_cropped(_rgb(image), recipe))
    return pixels


def planes_of(pixels: Pixels, recipe: Recipe) -> NDArray[np.float32]:
    """Turn levels (n_images, height, width, 3) into float32 (n_images, 3, height, width)."""
    n_images, height, width, _ = pixels.shape
    planes = np.empty((n_images, 3, height, width), np.float32)
    for channel, levels in enumerate(_levels(recipe)):
        np.take(levels, pixels[..., channel], out=planes[:, channel], mode="clip")
    return planes


def _levels(recipe: Recipe) -> NDArray[np.float32]:
    """Prepare each of the 256 levels of each channel: float32 (3, 256)."""
    scaled = (np.arange(_N_LEVELS) * recipe.scale).astype(np.float32)
    mean, std = (np.array(three, np.float32)[:, None] for three in (recipe.mean, recipe.std))
    return np.asarray((scaled - mean) / std, np.float32)


def _cropped(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Resize and keep the middle; what lies outside of a small picture is black."""
    height, width = recipe.size
    target = _target_size(image, recipe)
    left, top = (target[0] - width) // 2, (target[1] - height) // 2
    middle = (left, top, left + width, top + height)
    if recipe.resize is None:
        return image.crop(middle)
    if target[0] * target[1] > MAX_RESIZED_PIXELS:
        return _resized_middle(image, target, middle, recipe.resample)
    return image.resize(target, recipe.resample).crop(middle)


def _target_size(image: Image.Image, recipe: Recipe) -> tuple[int, int]:
    """Width and height of the whole picture when it is resized."""
    if isinstance(recipe.resize, tuple):
        return recipe.resize[1], recipe.resize[0]
    if recipe.resize is None:
        return image.size
    longer = int(recipe.resize * max(image.size) / min(image.size))
    return (recipe.resize, longer) if image.width <= image.height else (longer, recipe.resize)


def _resized_middle(
    image: Image.Image, target: tuple[int, int], middle: tuple[int, int, int, int], resample: int
) -> Image.Image:
    """Resize only what is kept: as it is in the whole, but for rounding between two passes."""
    left, top = max(middle[0], 0), max(middle[1], 0)
    right, bottom = min(middle[2], target[0]), min(middle[3], target[1])
    across, down = image.width / target[0], image.height / target[1]
    source = (left * across, top * down, right * across, bottom * down)
    kept = image.resize((right - left, bottom - top), resample, box=source)
    return kept.crop((middle[0] - left, middle[1] - top, middle[2] - left, middle[3] - top))


def _rgb(image: Image.Image) -> Image.Image:
    """Make a picture RGB, laid on white where it is transparent."""
    try:
        return _converted(image)
    except (TypeError, ValueError):  # a transparency that makes no sense, or mode La
        plain = image.convert("LA") if image.mode == "La" else image.copy()
        plain.info.pop("transparency", None)
        return _converted(plain)


def _converted(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and image.info.get("transparency") is None:
        return image  # Pillow would make a copy
    if "A" not in image.getbands() and image.info.get("transparency") is None:
        return image.convert("RGB")
    laid = Image.new("RGB", image.size)
    n_rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, n_rows):
        # Strip by strip, as the steps between take five times the memory of what comes out.
        strip = image.crop((0, top, image.width, min(top + n_rows, image.height))).convert("RGBA")
        backdrop = Image.new("RGBA", strip.size, BACKDROP)
        laid.paste(Image.alpha_composite(backdrop, strip).convert("RGB"), (0, top))
    return laid
