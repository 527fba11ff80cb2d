"""The embedder that knows what a picture is of: the image tower of a CLIP model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.recipe import Recipe, load_recipe
from shared.pictures.embedders.runtimes import (
    Device,
    Precision,
    check_installed,
    chosen_precision,
    thread_count,
)
from shared.pictures.embedders.tower import Embedded, Tower
from shared.pictures.embedders.towers import (
    CONFIG_FILE,
    DEFAULT_MODEL,
    DEFAULT_PRETRAINED,
    WEIGHTS_FILE,
    Wanted,
    fetched_folder,
    file_sha256,
    wanted_by_option,
)
from shared.records import PRECISIONS, EmbedderName

if TYPE_CHECKING:
    # A run that decodes nothing does without Pillow.
    from PIL.Image import Image

MAX_BATCH_BYTES = 2**27
"""Most that the prepared pictures of one batch take, however many were asked for."""
GPU_BATCH = 128
"""A card computes a fifth more pictures a second in such batches than in those of 32."""
DIGITS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What the options say: which weights, where and how they compute, how much at once."""

    clip_model: str = DEFAULT_MODEL
    pretrained: str = DEFAULT_PRETRAINED
    device: Device = "auto"
    batch_size: int = 32
    precision: Precision = "auto"


@dataclass(frozen=True)
class ClipEmbedder:
    """Projected image embeddings, as the tower gives them.

    The tower is opened when it is first needed, in each process that needs it. On the processor a
    batch has no influence on the vectors; on a GPU it can change their last digits.
    ``needed_features`` is the only width that will do, and 0 where any will.
    """

    name: EmbedderName
    weights: Path
    recipe: Recipe
    device: Device = "auto"
    batch_size: int = 32
    needed_features: int = 0

    @property
    def n_features(self) -> int:
        """Width of its vectors; opens the tower."""
        return self._tower().n_features

    @property
    def n_at_once(self) -> int:
        """Pictures that it likes to compute at once; opens the tower."""
        height, width = self.recipe.size
        wanted = max(self.batch_size, GPU_BATCH) if self.card else self.batch_size
        return max(1, min(wanted, MAX_BATCH_BYTES // (height * width * 3 * 4)))

    @property
    def most(self) -> int | None:
        """Pictures that are computed at once where a device had no memory for more, else None."""
        return self._tower().most

    @property
    def card(self) -> str:
        """Name of the GPU that computes, empty where the processor does; opens the tower."""
        return self._tower().card

    def take_embedded(self) -> Embedded:
        """Return what this process has embedded since it was last asked; opens the tower."""
        return self._tower().take_embedded()

    @property
    def description(self) -> str:
        """What computes, and where, for the user to read; opens the tower."""
        where = self.card or "the CPU"
        name = " ".join((self.name.embeddings_type, self.name.model, self.name.pretrained))
        how = f"{where} in {self.name.precision}" if self.name.precision else where
        return f"{name} on {how}; weights {self.name.weights_sha256[:DIGITS_SHOWN]}"

    def embed(self, images: Sequence["Image"]) -> NDArray[np.float32]:
        """Make one vector per picture."""
        return self.vectors(self.pixels(images))

    def pixels(self, images: Sequence["Image"]) -> NDArray[np.uint8]:
        """Shrink pictures to what the tower looks at; any process can, and opens no tower for it.

        Returns
        -------
        ndarray of shape (len(images), height, width, 3), uint8
            Red, green and blue.
        """
        from shared.pictures.embedders.pixels import cropped  # noqa: PLC0415 - needs Pillow

        return cropped(images, self.recipe)

    def vectors(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Make one vector of each picture's pixels, in batches of a size that memory bounds."""
        from shared.pictures.embedders.pixels import planes_of  # noqa: PLC0415 - needs Pillow

        tower = self._tower()
        vectors = np.empty((len(pixels), tower.n_features), np.float32)
        size = self.n_at_once
        for start in range(0, len(pixels), size):
            batch = slice(start, start + size)
            vectors[batch] = tower.vectors(planes_of(pixels[batch], self.recipe))
        return vectors

    def _tower(self) -> Tower:
        tower = _open_tower(
            self.weights, self.recipe, self.device, self.name.precision, thread_count()
        )
        if self.needed_features not in {0, tower.n_features}:
            found = f"makes vectors of {tower.n_features} numbers"
            remedy = "Give the weights that made the metadata's vectors with --clip_model."
            needed = f"those of the metadata have {self.needed_features}"
            raise RunError(str(self.weights), f"{found}, {needed}", remedy)
        return tower


def load_clip(options: ClipOptions) -> ClipEmbedder:
    """Load what the options ask for, from the hub where it is not on this machine.

    Raises
    ------
    RunError
        Where the weights or a package are not to be had, or are unusable.
    """
    wanted = wanted_by_option(options.clip_model, options.pretrained)
    return embedder_in(fetched_folder(wanted), wanted, options)


def embedder_in(folder: Path, wanted: Wanted, options: ClipOptions) -> ClipEmbedder:
    """Make the embedder of the weights in a folder; of them, only the digest is taken."""
    check_installed()
    precision = chosen_precision(options.precision, options.device)
    weights = (folder / WEIGHTS_FILE).absolute()  # other processes may stand elsewhere
    name = wanted.name(file_sha256(weights))
    return ClipEmbedder(
        replace(name, precision=precision) if precision in PRECISIONS else name,
        weights,
        load_recipe(folder / CONFIG_FILE),
        options.device,
        options.batch_size,
    )


@lru_cache(maxsize=1)
def _open_tower(
    weights: Path, recipe: Recipe, device: Device, precision: str, n_threads: int
) -> Tower:
    """Open a tower, or return the one that is open: a process holds it in memory once."""
    return Tower(weights, recipe, device, precision, n_threads)
