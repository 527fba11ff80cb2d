"""Pictures to the numbers that a tower takes: the same as the image processor of transformers.

Equal means equal: the same Pillow calls on the same 8-bit levels, and the same float arithmetic.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.embedders.recipe import Recipe

BACKDROP = (255, 255, 255, 255)
"""White: transparent pictures are laid on it, as transformers does from release 5 on."""

MAX_RESIZED_PIXELS = 2**24
"""A picture that would be larger, resized whole, is so long that only its middle is resized."""

_STRIP_PIXELS = 2**18
_N_LEVELS = 256


def prepared(images: Sequence[Image.Image], recipe: Recipe) -> NDArray[np.float32]:
    """Prepare pictures for a tower.

    Parameters
    ----------
    images : sequence of PIL.Image.Image
        Decoded pictures of any size and mode, as stored: a rotation that Exif asks for is not
        done. They are not changed.
    recipe : Recipe
        What to do to each.

    Returns
    -------
    ndarray of shape (len(images), 3, height, width), float32
        Red, green and blue planes of each.
    """
    height, width = recipe.size
    planes = np.empty((len(images), 3, height, width), np.float32)
    levels = _levels(recipe)
    for place, image in zip(planes, images, strict=True):
        pixels = np.asarray(_cropped(_rgb(image), recipe))
        for channel in range(3):
            np.take(levels[channel], pixels[..., channel], out=place[channel], mode="clip")
    return planes


def _levels(recipe: Recipe) -> NDArray[np.float32]:
    """What each of the 256 levels becomes, float32 (3, 256)."""
    scaled = (np.arange(_N_LEVELS) * recipe.scale).astype(np.float32)
    mean, std = (np.array(three, np.float32)[:, None] for three in (recipe.mean, recipe.std))
    return np.asarray((scaled - mean) / std, np.float32)


def _cropped(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Resize and keep the middle; what lies outside of a small picture is black."""
    height, width = recipe.size
    target_width, target_height = _resized_size(image, recipe)
    left, top = (target_width - width) // 2, (target_height - height) // 2
    middle = (left, top, left + width, top + height)
    if target_width * target_height > MAX_RESIZED_PIXELS:
        return _resized_middle(image, (target_width, target_height), middle, recipe.resample)
    if recipe.resize is not None:
        image = image.resize((target_width, target_height), recipe.resample)
    return image.crop(middle)


def _resized_size(image: Image.Image, recipe: Recipe) -> tuple[int, int]:
    if isinstance(recipe.resize, tuple):
        return recipe.resize[1], recipe.resize[0]
    if recipe.resize is None:
        return image.size
    short, long = min(image.size), max(image.size)
    longer = int(recipe.resize * long / short)
    return (recipe.resize, longer) if image.width <= image.height else (longer, recipe.resize)


def _resized_middle(
    image: Image.Image, target: tuple[int, int], middle: tuple[int, int, int, int], resample: int
) -> Image.Image:
    """Resize only the part that becomes the middle, up to rounding as if all had been resized."""
