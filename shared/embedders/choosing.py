"""The embedder that a metadata file names, if this machine has it.

A file from another tool names CLIP weights in words only; one of stage 1 tells their digest too,
and then no other weights will do.
"""

from dataclasses import dataclass

from shared.embedders.builtin import BuiltinEmbedder
from shared.embedders.clip import DIGITS_SHOWN, ClipEmbedder, ClipOptions, embedder_in, load_clip
from shared.embedders.runtime import Device
from shared.embedders.towers import DEFAULT_PRETRAINED, EMBEDDINGS_TYPE, wanted_by_name
from shared.embedders.weights import local_folder
from shared.errors import RunError
from shared.records import EmbedderName


@dataclass(frozen=True, slots=True)
class AtHand:
    """An embedder whose vectors go with those of a metadata file, or None.

    ``note`` tells the user what to know about it, or why there is none; it may be empty.
    """

    embedder: BuiltinEmbedder | ClipEmbedder | None
    note: str = ""


def find_embedder(
    name: EmbedderName | None,
    n_features: int = 0,
    clip_model: str = "",
    device: Device = "auto",
) -> AtHand:
    """Find the embedder that made a metadata file's vectors.

    Parameters
    ----------
    name : EmbedderName or None
        What the file says; None where it says nothing.
    n_features : int
        Width of its vectors; 0 where any will do.
    clip_model : str
        What ``--clip_model`` says, empty where it was not given. It is the user's word for where
        the weights are, and only then are they fetched from the hub.
    device : Device
        Where to compute.

    Returns
    -------
    AtHand
        Nothing is fetched, and nothing raised, for a name alone.

    Raises
    ------
    RunError
        Where ``clip_model`` is given and those weights are unusable or are not the file's.
    """
    if name == BuiltinEmbedder.name and not clip_model:
        return AtHand(BuiltinEmbedder())
    if clip_model:
        found = _by_option(name or EmbedderName("", "", ""), clip_model, device)
    elif name is None:
        return AtHand(None, "the metadata does not tell what made its vectors")
    else:
        found = _by_name(name, device)
    return found


def _by_name(name: EmbedderName, device: Device) -> AtHand:
    wanted = wanted_by_name(name)
    if wanted is None:
        return AtHand(None, f"no embedder is known by the name {name}")
    folder = local_folder(wanted)
    if folder is None:
        hint = f"with --clip_model {wanted.model} they are fetched"
        return AtHand(None, f"the weights of {name} are not on this machine; {hint}")
    embedder = embedder_in(folder, wanted, ClipOptions(device=device))
    if _is_other(embedder, name):
        return AtHand(None, f"{embedder.weights}: {_other(embedder, name)}")
    return AtHand(embedder, _note(embedder, name))


def _by_option(name: EmbedderName, clip_model: str, device: Device) -> AtHand:
    option = f"--clip_model {clip_model}"
    if name.embeddings_type.upper() not in {EMBEDDINGS_TYPE, ""}:
        found = f"the metadata's vectors were made by {name}"
        raise RunError(option, found, "Leave --clip_model out.")
    options = ClipOptions(clip_model, name.pretrained or DEFAULT_PRETRAINED, device)
    embedder = load_clip(options)
    if _is_other(embedder, name):
        raise RunError(option, _other(embedder, name), "Give the weights that made them.")
    return AtHand(embedder, _note(embedder, name))


def _is_other(embedder: ClipEmbedder, name: EmbedderName) -> bool:
    return name.weights_sha256 not in {"", embedder.name.weights_sha256}


def _other(embedder: ClipEmbedder, name: EmbedderName) -> str:
    found, needed = (one.weights_sha256[:DIGITS_SHOWN] for one in (embedder.name, name))
    return f"these weights are {found}, those that made the metadata's vectors are {needed}"


def _note(embedder: ClipEmbedder, name: EmbedderName) -> str:
    if name.weights_sha256:
        return ""
    found = embedder.name.weights_sha256[:DIGITS_SHOWN]
    return (
        "the metadata does not tell which weights file made its vectors; "
        f"{embedder.weights} ({found}) is taken to be the same"
    )
