"""What all embedders share, and how one is chosen by the option word or the metadata's name.

Loading one is cheap: what it computes with is imported when the first picture comes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.choosing import find_embedder
from shared.pictures.embedders.clip import ClipOptions, load_clip
from shared.records import EmbedderName

if TYPE_CHECKING:
    # A run that decodes nothing does without Pillow.
    from PIL.Image import Image

EMBEDDERS = ("clip", "builtin")
"""The words that ``--embedder`` takes."""

_DEFAULT = ClipOptions()


class Embedder(Protocol):
    """Makes vectors. Picklable, so that worker processes can use it too."""

    @property
    def name(self) -> EmbedderName:
        """What the metadata calls it."""

    @property
    def n_features(self) -> int:
        """Width of its vectors."""

    @property
    def process_bytes(self) -> int:
        """Memory that it takes in each process in which it works, about; 0 where that is little."""

    @property
    def description(self) -> str:
        """What computes, and where, for the user to read."""

    def embed(self, images: Sequence["Image"]) -> NDArray[np.float32]:
        """Make one vector per picture.

        Parameters
        ----------
        images : sequence of PIL.Image.Image
            Decoded pictures of any size and mode, one batch; they are not changed. The caller
            bounds the batch by its pixels; how it is divided has no influence on the vectors.

        Returns
        -------
        ndarray of shape (len(images), n_features), float32
            All numbers finite. Vectors are not normalised.
        """


@overload
def load_embedder(wanted: str, options: ClipOptions = ...) -> Embedder: ...
@overload
def load_embedder(wanted: EmbedderName) -> Embedder | None: ...
def load_embedder(wanted: str | EmbedderName, options: ClipOptions = _DEFAULT) -> Embedder | None:
    """Load an embedder by its option word, or the one that a metadata file names.

    Parameters
    ----------
    wanted : str or EmbedderName
        The word that follows ``--embedder``, or the name that vectors in a metadata file carry.
    options : ClipOptions
        What else was asked for, where the word is ``clip``.

    Returns
    -------
    Embedder or None
        None where the named embedder is not at hand; a word always gives one.

    Raises
    ------
    RunError
        For a word that is not known, or weights that are not to be had.
    """
    if isinstance(wanted, EmbedderName):
        return find_embedder(wanted).embedder
    if wanted not in EMBEDDERS:
        allowed = ", ".join(EMBEDDERS)
        raise RunError("--embedder", f"{wanted} is not known, allowed is {allowed}")
    return load_clip(options) if wanted == "clip" else BuiltinEmbedder()
