"""The embedder that needs no download: its name and its width. `features` does the work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared.records import EmbedderName

if TYPE_CHECKING:
    # A run that decodes nothing does without Pillow.
    from PIL.Image import Image


@dataclass(frozen=True)
class BuiltinEmbedder:
    """Gradients, a tiny copy and the colours of a picture, as one vector of 672 numbers.

    Good for tags that a glance at a small copy decides: shapes, layouts, palettes. It has learnt
    nothing, so it does not know what a picture is *of*. A change to `features` that changes any
    vector needs a new version in ``model``: vectors of two versions must not mix.
    """

    name: ClassVar[EmbedderName] = EmbedderName("builtin", "hog-color-v1", "none")
    n_features: ClassVar[int] = 672
    description: ClassVar[str] = "builtin hog-color-v1 on the CPU"

    def embed(self, images: Sequence["Image"]) -> NDArray[np.float32]:
        """Make one vector per picture, each on its own: a batch has no influence."""
        from shared.pictures.embedders.features import vector  # noqa: PLC0415 - slow, and often not needed

        vectors = np.empty((len(images), self.n_features), np.float32)
        for row, image in zip(vectors, images, strict=True):
            row[:] = vector(image)
        return vectors
