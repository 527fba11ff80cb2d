"""How near copies of a picture are to it, beside how near other pictures are.

Of pictures that stage 1 has read some are copied in several ways and embedded as they were.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from shared.flow.dataset import METADATA_FILES
from shared.metadata.formats import iter_paths
from shared.metadata.loading import load_metadata
from shared.pictures.embedders.choosing import Embedder, find_embedder
from shared.pictures.embedders.clip import ClipOptions
from shared.records import Floats
from shared.training.near import NEAR, near_copies
from tests.bench.kinds import Kinds

N_COPIED = 200
BATCH = 64
SHARES = (0.5, 0.9, 0.99)
OTHER_SHARES = (0.01, 0.5)
HEAD = ("set", "copy", "distance of 50%, 90%, 99%", "told")


def recompressed(image: Image.Image) -> Image.Image:
    """As a JPEG of quality 75."""
    content = io.BytesIO()
    image.save(content, "JPEG")
    return Image.open(content)


def smaller(image: Image.Image) -> Image.Image:
    """As 70% of the size."""
    width, height = (max(1, side * 7 // 10) for side in image.size)
    return image.resize((width, height))


def brighter(image: Image.Image) -> Image.Image:
    """With a tenth more light."""
    return ImageEnhance.Brightness(image).enhance(1.1)


def cropped(image: Image.Image) -> Image.Image:
    """Without a fortieth at each side."""
    x, y = (side // 40 for side in image.size)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 75": recompressed,
    "70% of the size": smaller,
    "a tenth brighter": brighter,
    "a twentieth cut off": cropped,
    "mirrored": ImageOps.mirror,
}


def iter_rows(kinds: Kinds, clip_model: str) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each sort of copy, and one for other pictures.

    Distances are in parts of the median distance between pictures.
    """
    metadata_file = kinds.folder / METADATA_FILES["json"]
    name = load_metadata(metadata_file, kinds.folder).embedder
    found = find_embedder(name)
    if not found.embedder:
        found = find_embedder(name, options=ClipOptions(clip_model))
    assert found.embedder, found.note
    paths = dict(iter_paths(metadata_file))
    drawn = np.random.default_rng(0).permutation(len(kinds.hashes))[:N_COPIED]
    images = [_opaque(Path(paths[kinds.hashes[at]])) for at in drawn]
    vectors = kinds.vectors
    distances = _distances(vectors, vectors)
    median = np.median(distances[np.triu_indices(len(distances), 1)])
    originals = _embedded(found.embedder, images)
    for what, change in COPIES.items():
        copies = _embedded(found.embedder, [change(one) for one in images])
        own = np.linalg.norm(copies - originals, axis=1) / median
        yield kinds.name, what, _quantiles(own, SHARES), f"{(own <= NEAR).mean():.0%}"
    np.fill_diagonal(distances, np.inf)
    others = distances.min(axis=1) / median
    leaders = near_copies(vectors.astype(np.float32))
    told = (leaders != np.arange(len(leaders))).mean()
    yield kinds.name, "nearest other", _quantiles(others, OTHER_SHARES), f"{told:.0%}"


def _opaque(path: Path) -> Image.Image:
    """Lay a picture on white."""
    with Image.open(path) as file:
        image = file.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _embedded(embedder: Embedder, images: Sequence[Image.Image]) -> Floats:
    starts = range(0, len(images), BATCH)
    return np.concatenate([embedder.embed(images[at : at + BATCH]) for at in starts]).astype(float)


def _distances(some: Floats, others: Floats) -> Floats:
    squares = np.einsum("ij,ij->i", some, some), np.einsum("ij,ij->i", others, others)
    products = some @ others.T
    return np.asarray(np.sqrt(np.maximum(0, squares[0][:, np.newaxis] + squares[1] - 2 * products)))


def _quantiles(distances: Floats, shares: Sequence[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in np.quantile(distances, shares))
