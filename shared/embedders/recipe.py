"""How pictures are prepared for a tower, as the ``preprocessor_config.json`` beside it says.

The keys and what they mean where they are missing are those of the image processors of CLIP and
SigLIP in the transformers package. Other processors are refused: their keys could mean other work.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from shared.errors import RunError

MAX_SIDE_PIXELS = 4096
_MAX_CONFIG_BYTES = 2**20
_N_RESAMPLING_FILTERS = 6
_MAX_NUMBER = 1e6
_PROCESSOR = re.compile(r"(CLIP|Siglip)(ImageProcessor|FeatureExtractor)(Fast|Pil)?")
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

Value = TypeVar("Value")
Three = tuple[float, float, float]


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


def _load_config(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror or error}") from error
    if len(content) > _MAX_CONFIG_BYTES:
        raise _NonsenseError(f"longer than {_MAX_CONFIG_BYTES:,} bytes")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        raise _NonsenseError("no JSON") from None
    if not isinstance(config, dict):
        raise _NonsenseError("no JSON object")
    return config


def _recipe(config: dict[str, Any]) -> Recipe:
    found = {key: value for key, value in config.items() if value is not None}
    kind = found.get("image_processor_type", found.get("feature_extractor_type", "CLIPImageProcessor"))
    processor = _PROCESSOR.fullmatch(kind) if isinstance(kind, str) else None
    if processor is None:
        raise _NonsenseError(f"its image processor is {kind!r}, known are those of CLIP and SigLIP")
    values = _COMMON_DEFAULTS | _DEFAULTS[processor[1]] | found

    def step(flag: str, key: str, checked: Callable[[str, object], Value], otherwise: Value) -> Value:
        return checked(key, values.get(key)) if _flag(flag, values[flag]) else otherwise

    if _flag("do_pad", values["do_pad"]):
        raise _NonsenseError("do_pad is true, and pictures are not padded here")
    recipe = Recipe(
        resize=step("do_resize", "size", _resize, None),
        resample=step("do_resize", "resample", _filter, 0),
        crop=step("do_center_crop", "crop_size", _square, None),
        scale=step("do_rescale", "rescale_factor", _factor, 1.0),
        mean=step("do_normalize", "image_mean", _three, (0.0, 0.0, 0.0)),
        std=step("do_normalize", "image_std", _three_factors, (1.0, 1.0, 1.0)),
        is_pooled=processor[1] == "Siglip",
    )
    if not isinstance(recipe.crop or recipe.resize, tuple):
        raise _NonsenseError("leaves pictures of different shapes, and a tower takes one")
    return recipe


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _NonsenseError(f"{key} is {_shown(value)}, true or false is needed")
    return value


def _resize(key: str, value: object) -> int | tuple[int, int] | None:
    if isinstance(value, dict) and _given(value) == {"shortest_edge"}:
        value = value["shortest_edge"]
    return value if _is_side(value) else _square(key, value)


def _square(key: str, value: object) -> tuple[int, int] | None:
    """Height and width, spelled as an object, as a list, or as one number for both."""
    if isinstance(value, dict) and _given(value) == {"height", "width"}:
        value = [value["height"], value["width"]]
    height, width = value if isinstance(value, list) and len(value) == 2 else (value, value)
    if not (_is_side(height) and _is_side(width)):
        allowed = f"a number of pixels from 1 to {MAX_SIDE_PIXELS}, or such a height and width"
        raise _NonsenseError(f"{key} is {_shown(value)}, needed is {allowed}")
    return height, width


def _filter(key: str, value: object) -> int:
    if type(value) is not int or not 0 <= value < _N_RESAMPLING_FILTERS:
        needed = f"a number from 0 to {_N_RESAMPLING_FILTERS - 1}"
        raise _NonsenseError(f"{key} is {_shown(value)}, needed is {needed}")
    return value


def _three(key: str, value: object) -> Three:
    numbers = value if isinstance(value, list) else [value] * 3
    if len(numbers) != 3 or not all(map(_is_number, numbers)):
        raise _NonsenseError(f"{key} is {_shown(value)}, three finite numbers are needed")
    return numbers[0], numbers[1], numbers[2]


def _three_factors(key: str, value: object) -> Three:
    numbers = _three(key, value)
    for number in numbers:
        _factor(key, number)
    return numbers


def _factor(key: str, value: object) -> float:
    if not _is_number(value) or value <= 0:
        raise _NonsenseError(f"{key} is {_shown(value)}, a number above 0 is needed")
    return float(value)


def _given(value: dict[str, object]) -> set[str]:
    return {key for key, one in value.items() if one is not None}


def _is_side(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= MAX_SIDE_PIXELS


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in {int, float} and abs(value) <= _MAX_NUMBER


def _shown(value: object) -> str:
    return repr(value)[:60]
