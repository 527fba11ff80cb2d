"""The embedder that made the vectors of a metadata file, if this machine has it.

A file from another tool names CLIP weights in words only; one of stage 1 tells their digest too,
and then no other weights will do.
"""

import math
import os
import sys
from dataclasses import dataclass, replace

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
    wanted_by_name,
    wanted_by_option,
)
from shared.pictures.embedders.weights import local_folder
from shared.records import EmbedderName, embedder_words

AS_THE_METADATA_SAYS = ClipOptions(clip_model="")
_OTHERS = "Give the weights that made them, or leave it out."
SHARE = 0.5
"""Of the machine's memory, what the embedders of all processes may take together."""


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


def workers_within_memory(n_workers: int, process_bytes: int) -> int:
    """Return as many workers as asked for, or fewer where their embedders would not fit.

    Parameters
    ----------
    n_workers : int
        As asked for, 1 or more.
    process_bytes : int
        What the embedder takes in each process.
    """
    if not process_bytes:
        return n_workers
    return max(1, min(n_workers, math.floor(_most_bytes() / process_bytes)))


def _most_bytes() -> float:
    try:
        return SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return sys.maxsize
