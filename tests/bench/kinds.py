"""Sets of vectors with a kind each: two of real pictures that packages ship, and a made one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.records import Floats
from tests.shared.training.digits import embedded_digits

TILE_SIDE = 24
MAX_TILES = 150
BATCH = 64
PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "page.png",
    "retina.jpg",
    "text.png",
)


@dataclass(frozen=True, eq=False, slots=True)
class Kinds:
    """``vectors`` (n_images, n_features), the kind of each, and which kinds are made to tags."""

    name: str
    vectors: Floats
    kinds: NDArray[np.int64]
    tags: tuple[int, ...]


def digits() -> Kinds:
    """Handwritten digits of scikit-learn, by the built-in embedder."""
    found = embedded_digits()
    return Kinds("digits", found.vectors, found.digits, tuple(range(10)))


@cache
def tiles() -> Kinds:
    """Tiles of scikit-image's pictures, which of them each is from: hard at their size."""
    rng = np.random.default_rng(0)
    folder = Path(skimage.__file__).with_name("data")
    images, kinds = [], []
    for kind, name in enumerate(PHOTOGRAPHS):
        grey = np.asarray(Image.open(folder / name).convert("L"))
        height, width = (size // TILE_SIDE for size in grey.shape)
        for at in rng.permutation(height * width)[:MAX_TILES]:
            y, x = (TILE_SIDE * place for place in divmod(int(at), width))
            images.append(Image.fromarray(grey[y : y + TILE_SIDE, x : x + TILE_SIDE]))
            kinds.append(kind)
    embed = BuiltinEmbedder().embed
    starts = range(0, len(images), BATCH)
    vectors = np.concatenate([embed(images[start : start + BATCH]) for start in starts])
    tags = tuple(range(0, len(PHOTOGRAPHS), 2))
    return Kinds("tiles", vectors.astype(np.float64), np.array(kinds), tags)


def made(n_images: int = 4000, n_kinds: int = 12, n_features: int = 64) -> Kinds:
    """Normal clouds that overlap."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(n_kinds, n_features))
    kinds = rng.integers(0, n_kinds, n_images)
    vectors = centres[kinds] * 0.6 + rng.normal(size=(n_images, n_features)) * 1.1
    return Kinds("made", vectors, kinds, tuple(range(n_kinds // 2)))


SETS: dict[str, Callable[[], Kinds]] = {"digits": digits, "tiles": tiles, "made": made}
