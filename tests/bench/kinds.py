"""Sets of vectors with a kind each: what stage 1 has read, two of packages, and a made one."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from shared.flow.dataset import METADATA_FILES, TAG_TO_HASHES_FILE
from shared.metadata.loading import load_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.records import Floats
from shared.training.tags import load_tags
from tests.shared.training.digits import embedded_digits

TILE_SIDE = 24
MAX_TILES = 150
BATCH = 64
MAX_OF_A_KIND = 200
MIN_TAGGED = 60
MAX_TAGS = 6
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
    """``vectors`` (n_images, n_features), the kind of each, and which kinds are made to tags.

    ``hashes`` are those of pictures that stage 1 has read, into ``folder``.
    """

    name: str
    vectors: Floats
    kinds: NDArray[np.int64]
    tags: tuple[int, ...]
    hashes: tuple[str, ...] = ()
    folder: Path = Path()


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


def read(folder: Path) -> Kinds:
    """Take those pictures of an output folder of stage 1 that have one tag, which is their kind.

    At most so many of each, drawn at random; the first tags that enough pictures have are tags.
    """
    metadata = load_metadata(folder / METADATA_FILES["json"], folder)
    lists = load_tags(folder / TAG_TO_HASHES_FILE)
    times = Counter(image_hash for hashes in lists.values() for image_hash in hashes)
    rng = np.random.default_rng(0)
    hashes: list[str] = []
    kinds: list[int] = []
    for kind, tag in enumerate(sorted(lists)):
        alone = [one for one in sorted(lists[tag]) if times[one] == 1]
        drawn = rng.permutation(len(alone))[:MAX_OF_A_KIND]
        hashes += [alone[at] for at in drawn]
        kinds += [kind] * len(drawn)
    counts = np.bincount(kinds)
    return Kinds(
        folder.name,
        metadata.vectors_of(metadata.rows(hashes)).astype(np.float64),
        np.array(kinds),
        tuple(np.flatnonzero(counts >= MIN_TAGGED)[:MAX_TAGS].tolist()),
        tuple(hashes),
        folder,
    )


SETS = (digits, tiles, made)
