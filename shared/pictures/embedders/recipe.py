"""How pictures are prepared for a tower, as the ``preprocessor_config.json`` beside it says.

The keys and what they mean where they are missing are those of the image processors of CLIP and
SigLIP in the transformers package. Other processors are refused: their keys could mean other work.
"""

import json
import re
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

from shared.errors import RunError
from shared.regular_files import TooLargeError, read_small

MAX_SIDE_PIXELS = 4096
_MAX_CONFIG_BYTES = 2**20
_N_RESAMPLING_FILTERS = 6
_MAX_NUMBER = 1e6
_SHOWN_CHARACTERS = 60
_PROCESSOR = re.compile(r"(CLIP|Siglip)(ImageProcessor|FeatureExtractor)(Fast|Pil)?")
_USUAL_PROCESSOR = "CLIPImageProcessor"
_STEPS = ("do_resize", "do_center_crop", "do_rescale", "do_normalize")
_DEFAULTS: dict[str, dict[str, Any]] = {
    "CLIP": {
        "size": 224,
        "crop_size": 224,
        "do_center_crop": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    },
    "Siglip": {
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
        "image_mean": 0.5,
        "image_std": 0.5,
    },
}
_COMMON_DEFAULTS: dict[str, Any] = {
    "do_resize": True,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "do_pad": False,
}

Config: TypeAlias = dict[str, Any]
Three: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to a picture, in this order; each step may be left out.

    ``resize`` is height and width, or one number for the short side; ``resample`` is Pillow's
    number of the filter. ``crop`` is height and width of the middle that is kept. Then each level
    from 0 to 255 is multiplied by ``scale``, lessened by ``mean`` and divided by ``std``.
    ``is_pooled`` tells a tower whose pooled output is its embedding: it has no projection.
    """

    resize: int | tuple[int, int] | None
    resample: int
    crop: tuple[int, int] | None
    scale: float
    mean: Three
    std: Three
    is_pooled: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every picture in the end."""
        size = self.crop or self.resize
        assert isinstance(size, tuple)
        return size


class _NonsenseError(Exception):
    """A value cannot be used; the message says which and why."""


def load_recipe(path: Path) -> Recipe:
    """Read a ``preprocessor_config.json``.

    Raises
    ------
    RunError
        Where it cannot be read, or asks for something that is not done here.
    """
    try:
        return _recipe(_load_config(path))
    except _NonsenseError as error:
        raise RunError(str(path), str(error), "Use the file that belongs to the weights.") from None


def _load_config(path: Path) -> Config:
    try:
        content = read_small(path, _MAX_CONFIG_BYTES)
    except TooLargeError:
        raise _NonsenseError(f"longer than {_MAX_CONFIG_BYTES:,} bytes") from None
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror or error}") from error
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        raise _NonsenseError("no JSON") from None
    if not isinstance(config, dict):
        raise _NonsenseError("no JSON object")
    return config


def _recipe(config: Config) -> Recipe:
    family, values = _completed(config)
    resizes, crops, rescales, normalises = (_flag(values, flag) for flag in _STEPS)
    if _flag(values, "do_pad"):
        raise _NonsenseError("do_pad is true, and pictures are not padded here")
    recipe = Recipe(
        resize=_resize(values, "size") if resizes else None,
        resample=_filter(values, "resample") if resizes else 0,
        crop=_shape(values, "crop_size") if crops else None,
        scale=_factor(values, "rescale_factor") if rescales else 1.0,
        mean=_three(values, "image_mean") if normalises else (0.0, 0.0, 0.0),
        std=_three(values, "image_std") if normalises else (1.0, 1.0, 1.0),
        is_pooled=family == "Siglip",
    )
    if min(map(abs, recipe.std)) < 1 / _MAX_NUMBER:
        raise _NonsenseError("image_std holds a number that is too near zero to divide by")
    if not isinstance(recipe.crop or recipe.resize, tuple):
        raise _NonsenseError("leaves pictures of different shapes, and a tower takes one")
    return recipe


def _completed(config: Config) -> tuple[str, Config]:
    """Name the family of a processor, and add what it does where nothing is said."""
    told = {key: value for key, value in config.items() if value is not None}
    kind = told.get("image_processor_type", told.get("feature_extractor_type", _USUAL_PROCESSOR))
    processor = _PROCESSOR.fullmatch(kind) if isinstance(kind, str) else None
    if processor is None:
        found = f"its image processor is {_shown(kind)}"
        raise _NonsenseError(f"{found}, and those of CLIP and SigLIP are known here")
    return processor[1], _COMMON_DEFAULTS | _DEFAULTS[processor[1]] | told


def _flag(values: Config, key: str) -> bool:
    value = values[key]
    if not isinstance(value, bool):
        raise _nonsense(values, key, "true or false")
    return value


def _resize(values: Config, key: str) -> int | tuple[int, int]:
    value = values[key]
    if isinstance(value, dict) and _told(value) == {"shortest_edge"}:
        value = value["shortest_edge"]
    return value if _is_side(value) else _shape(values, key)


def _shape(values: Config, key: str) -> tuple[int, int]:
    """Height and width, spelled as an object, as a list, or as one number for both."""
    value = values.get(key)
    if isinstance(value, dict) and _told(value) == {"height", "width"}:
        value = [value["height"], value["width"]]
    height, width = value if isinstance(value, list) and len(value) == 2 else (value, value)
    if not (_is_side(height) and _is_side(width)):
        raise _nonsense(values, key, f"1 to {MAX_SIDE_PIXELS} pixels, or such a height and width")
    return height, width


def _filter(values: Config, key: str) -> int:
    value = values[key]
    if type(value) is not int or not 0 <= value < _N_RESAMPLING_FILTERS:
        raise _nonsense(values, key, f"a number from 0 to {_N_RESAMPLING_FILTERS - 1}")
    return value


def _three(values: Config, key: str) -> Three:
    value = values[key]
    numbers = value if isinstance(value, list) else [value] * 3
    red, green, blue = numbers if len(numbers) == 3 else [None] * 3
    if not (_is_number(red) and _is_number(green) and _is_number(blue)):
        raise _nonsense(values, key, "three numbers")
    return red, green, blue


def _factor(values: Config, key: str) -> float:
    value = values[key]
    if not _is_number(value) or value <= 0:
        raise _nonsense(values, key, "a number above 0")
    return float(value)


def _nonsense(values: Config, key: str, needed: str) -> _NonsenseError:
    return _NonsenseError(f"{key} is {_shown(values.get(key))}, needed is {needed}")


def _told(value: Config) -> set[str]:
    return {key for key, one in value.items() if one is not None}


def _is_side(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= MAX_SIDE_PIXELS


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_MAX_NUMBER <= value <= _MAX_NUMBER


def _shown(value: object) -> str:
    return reprlib.repr(value)[:_SHOWN_CHARACTERS]
