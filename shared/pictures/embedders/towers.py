"""Which weights the words of a user or of a metadata file mean. Nothing is opened or fetched here.

Models are named in two words, as open_clip names them, and metadata files have those names.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from shared.errors import RunError
from shared.records import EmbedderName

EMBEDDINGS_TYPE = "CLIP"
DEFAULT_MODEL, DEFAULT_PRETRAINED = "ViT-B-32", "openai"
FROM_HUB = "hub"
FROM_FOLDER = "local"

REPOSITORIES = {
    ("ViT-B-32", "openai"): "Xenova/clip-vit-base-patch32",
    ("ViT-B-16", "openai"): "Xenova/clip-vit-base-patch16",
    ("ViT-L-14", "openai"): "Xenova/clip-vit-large-patch14",
    ("ViT-L-14-336", "openai"): "Xenova/clip-vit-large-patch14-336",
    ("ViT-B-16-SigLIP2", "webli"): "onnx-community/siglip2-base-patch16-224-ONNX",
}
"""Hub repositories that hold a model's image tower as ``onnx/vision_model.onnx``."""

_PAIRS = {repository: pair for pair, repository in REPOSITORIES.items()}
_OWN = {FROM_HUB, FROM_FOLDER}
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_DIGEST = re.compile(r" ?([0-9a-f]{64})$")
_MAX_NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """The weights that are meant: of a hub repository, or else those in a folder.

    ``model`` and ``pretrained`` are what the metadata calls them.
    """

    model: str
    pretrained: str
    repository: str = ""
    folder: Path | None = None

    def name(self, weights_sha256: str) -> EmbedderName:
        """Name of the embedder that uses them."""
        return EmbedderName(EMBEDDINGS_TYPE, self.model, self.pretrained, weights_sha256)


def wanted_by_option(clip_model: str, pretrained: str) -> Wanted:
    """Tell what ``--clip_model`` and ``--pretrained`` mean.

    The table of known models comes first, then a folder of that name, then the hub; only the
    table looks at ``pretrained``.

    Raises
    ------
    RunError
        Where it is none of the three.
    """
    folder = Path(clip_model)
    if known := _known(clip_model, pretrained):
        return known
    if clip_model and folder.is_dir():
        return Wanted(folder.resolve().name[:_MAX_NAME_CHARACTERS], FROM_FOLDER, folder=folder)
    if _REPOSITORY.fullmatch(clip_model):
        return Wanted(clip_model, FROM_HUB, clip_model)
    models = ", ".join(" ".join(pair) for pair in REPOSITORIES)
    raise RunError(
        f"--clip_model {clip_model}",
        f"with {pretrained or 'no'} weights neither a known model ({models}) nor a folder here",
        "Give one of these, a hub repository as OWNER/NAME, or the path of a local folder.",
    )


def wanted_by_name(name: EmbedderName) -> Wanted | None:
    """Tell which weights a metadata file means; None where its words tell of none.

    A stranger may have written it: the words lead to a repository, and never to a folder.
    """
    if name.embeddings_type.upper() != EMBEDDINGS_TYPE:
        return None
    if name.pretrained == FROM_HUB and _REPOSITORY.fullmatch(name.model):
        return Wanted(name.model, FROM_HUB, name.model)
    return _known(name.model, name.pretrained)


def differ(one: EmbedderName, other: EmbedderName) -> bool:
    """Tell whether two names are surely those of two embedders, whose vectors must not mix.

    Weights are the same where their digests are. Where one is not told, words decide, and what
    they leave open is no difference: a missing one, or a folder or repository of the user's own.
    """
    if one.weights_sha256 and other.weights_sha256:
        return one.weights_sha256 != other.weights_sha256
    told, others = _words(one), _words(other)
    if told[:1] == others[:1] and {told[2], others[2]} & _OWN:
        return False
    return any(a != b for a, b in zip(told, others, strict=True) if a and b)


def means(text: str, name: EmbedderName) -> bool:
    """Tell whether a name, as a database keeps it, may be that of a metadata file."""
    found = _DIGEST.search(text)
    if name.weights_sha256:
        return found is not None and found[1] == name.weights_sha256
    known = wanted_by_name(name)
    return _DIGEST.sub("", text) in {str(name), str(known.name("") if known else name)} - {""}


def _words(name: EmbedderName) -> tuple[str, str, str]:
    """Spell a name so that the same weights have the same words."""
    pair = (name.model, name.pretrained)
    model, pretrained = _PAIRS.get(name.model, pair) if name.pretrained == FROM_HUB else pair
    return name.embeddings_type.casefold(), _spelled(model).casefold(), pretrained.casefold()


def _spelled(model: str) -> str:
    """Undo OpenAI's own spelling: ``ViT-L/14@336px`` is ``ViT-L-14-336``."""
    return re.sub("[/@]", "-", model).removesuffix("px")


def _known(model: str, pretrained: str) -> Wanted | None:
    """Look a model up, in either spelling."""
    spelled = _spelled(model)
    repository = REPOSITORIES.get((spelled, pretrained))
    return Wanted(spelled, pretrained, repository) if repository else None
