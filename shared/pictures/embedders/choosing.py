"""The embedder that made the vectors of a metadata file, if this machine has it.

A file from another tool names CLIP weights in words only; one of stage 1 tells their digest too,
and then no other weights will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.clip import (
    DIGITS_SHOWN,
    ClipEmbedder,
    ClipOptions,
    embedder_in,
    load_clip,
)
from shared.pictures.embedders.towers import (
    EMBEDDINGS_TYPE,
    FROM_FOLDER,
    FROM_HUB,
    differ,
    local_folder,
    wanted_by_name,
    wanted_by_option,
)
from shared.records import EmbedderName, embedder_words

if TYPE_CHECKING:
    # A run that decodes nothing does without Pillow.
    from PIL.Image import Image
EMBEDDERS = ("clip", "builtin")
"""The words that ``--embedder`` takes."""
_DEFAULT = ClipOptions()
AS_THE_METADATA_SAYS = ClipOptions(clip_model="")
_OTHERS = "Give the weights that made them, or leave it out."


class Embedder(Protocol):
    """Makes vectors. Picklable, so that worker processes can use it too."""

    @property
    def name(self) -> EmbedderName:
        """What the metadata calls it."""

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


@dataclass(frozen=True, slots=True)
class AtHand:
    """An embedder whose vectors go with those of a metadata file, or None.

    ``note`` tells the user what to know about it, or why there is none; it may be empty.
    """

    embedder: BuiltinEmbedder | ClipEmbedder | None
    note: str = ""


def find_embedder(
    name: EmbedderName | None, n_features: int = 0, options: ClipOptions = AS_THE_METADATA_SAYS
) -> AtHand:
    """Find the embedder that made a metadata file's vectors.

    Parameters
    ----------
    name : EmbedderName or None
        What the file says; None where it says nothing.
    n_features : int
        Width of its vectors; 0 where any will do.
    options : ClipOptions
        What the user says. Where ``clip_model`` is empty, nothing is fetched from the hub and
        nothing raised: the run can do without an embedder.

    Returns
    -------
    AtHand
        The embedder refuses to work where it turns out to make vectors of another width.

    Raises
    ------
    RunError
        Where ``clip_model`` is given, and those weights are unusable or are not the file's.
    """
    name = name or EmbedderName("", "", "")
    if name == BuiltinEmbedder.name and not options.clip_model:
        return AtHand(BuiltinEmbedder())
    found = _by_option(name, options) if options.clip_model else _by_name(name, options)
    if not isinstance(found, ClipEmbedder):
        return AtHand(None, found)
    return AtHand(replace(found, needed_features=n_features), _note(found, name))


def _by_name(name: EmbedderName, options: ClipOptions) -> ClipEmbedder | str:
    """Return the embedder, or why there is none."""
    if not str(name):
        return "the metadata does not tell what made its vectors"
    wanted = wanted_by_name(name)
    words = embedder_words(name)
    if wanted is None and name.pretrained == FROM_FOLDER:
        return f"the weights of {words} are in a folder; tell which with --clip_model"
    if wanted is None:
        return f"no embedder is known by the name {words}"
    try:
        folder = local_folder(wanted)
        if folder is None:
            hint = f"--clip_model {wanted.model} fetches them"
            return f"the weights of {words} are not on this machine; {hint}"
        embedder = embedder_in(folder, wanted, options)
    except RunError as error:
        return str(error)
    return _difference(embedder, name) or embedder


def _by_option(name: EmbedderName, options: ClipOptions) -> ClipEmbedder:
    option = f"--clip_model {options.clip_model}"
    made_by = f"the metadata's vectors were made by {embedder_words(name)}"
    if name.embeddings_type.upper() not in {EMBEDDINGS_TYPE, ""}:
        raise RunError(option, made_by, "Leave it out.")
    if name.pretrained not in {"", FROM_FOLDER, FROM_HUB}:
        options = replace(options, pretrained=name.pretrained)
    wanted = wanted_by_option(options.clip_model, options.pretrained)
    if wanted_by_name(name) and differ(wanted.name(""), replace(name, weights_sha256="")):
        raise RunError(option, made_by, _OTHERS)
    embedder = load_clip(options)
    if difference := _difference(embedder, name):
        raise RunError(option, difference, _OTHERS)
    return embedder


def _difference(embedder: ClipEmbedder, name: EmbedderName) -> str:
    """Tell why the weights are not those that a file names; empty where they may be."""
    found, needed = embedder.name.weights_sha256, name.weights_sha256
    if needed in {"", found}:
        return ""
    return (
        f"the weights in {embedder.weights} have the SHA-256 {found[:DIGITS_SHOWN]}, "
        f"those that made the metadata's vectors {needed[:DIGITS_SHOWN]}"
    )


def _note(embedder: ClipEmbedder, name: EmbedderName) -> str:
    if name.weights_sha256:
        return ""
    return (
        "the metadata does not tell which weights file made its vectors; "
        f"{embedder.weights} is taken to be it"
    )
