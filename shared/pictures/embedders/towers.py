"""Which weights the words of a user or of a metadata file mean, and where their files are.

Models are named in two words, as open_clip names them, and metadata files have those names. Files
come from a folder or from the hub, and are found to need nothing beside them.
"""

import hashlib
import logging
import mmap
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from shared.errors import RunError
from shared.records import EmbedderName, serving_names
from shared.regular_files import open_regular

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
CONFIG_FILE = "preprocessor_config.json"
WEIGHTS_FILE = "onnx/vision_model.onnx"
_WITHOUT = "or do without CLIP: in stage 1, --embedder builtin."
INSTALL = f"Run: pip install -r requirements-clip.txt, {_WITHOUT}"
OTHER_WEIGHTS = f"Give other weights with --clip_model, {_WITHOUT}"
_OWN_FOLDER = (
    f"Give a local folder that holds {CONFIG_FILE} and {WEIGHTS_FILE} with --clip_model, {_WITHOUT}"
)
_REASON_CHARACTERS = 200
_DATA_LOCATION = 14
_NESTED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Which fields of a message lead to tensors, and what message they hold."""
_MAX_DEPTH = 100  # protobuf's own limit
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}


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
    text = serving_names(text)[0]
    found = _DIGEST.search(text)
    if name.weights_sha256:
        return found is not None and found[1] == name.weights_sha256
    known = wanted_by_name(name)
    full = replace(name, precision="")
    return _DIGEST.sub("", text) in {str(full), str(known.name("") if known else full)} - {""}


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


def local_folder(wanted: Wanted) -> Path | None:
    """Folder of the weights if they are on this machine; nothing is fetched.

    Raises
    ------
    RunError
        Where a package is missing, or the user's own folder lacks a file.
    """
    if wanted.folder is not None:
        _check_complete(wanted.folder)
        return wanted.folder
    hub = _hub()
    try:
        folder = Path(_snapshot(hub, wanted.repository, local_files_only=True))
    except _failures(hub):
        return None
    return None if _missing(folder) else folder


def fetched_folder(wanted: Wanted) -> Path:
    """Folder of the weights, fetched from the hub where they are not on this machine.

    Raises
    ------
    RunError
        Where they cannot be had.
    """
    if folder := local_folder(wanted):
        return folder
    hub = _hub()
    try:
        folder = Path(_snapshot(hub, wanted.repository, local_files_only=False))
    except _failures(hub) as error:
        is_offline = isinstance(error.__cause__, hub.errors.OfflineModeIsEnabled)
        reason = "HF_HUB_OFFLINE is set" if is_offline else _reason(error)
        raise _not_to_be_had(hub, wanted, reason) from error
    if missing := _missing(folder):
        raise _not_to_be_had(hub, wanted, f"the repository has no {missing}")
    return folder


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hex digits, as ``sha256sum`` gives it."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror or error}") from error


def _check_complete(folder: Path) -> None:
    if missing := _missing(folder):
        raise RunError(str(folder), f"holds no {missing}", _OWN_FOLDER)


def _missing(folder: Path) -> str:
    return next((name for name in (CONFIG_FILE, WEIGHTS_FILE) if not (folder / name).is_file()), "")


def _hub() -> ModuleType:
    try:
        import huggingface_hub.constants  # noqa: PLC0415 - optional, and slow
        import huggingface_hub.errors  # noqa: PLC0415
        import huggingface_hub.utils  # noqa: PLC0415
    except ImportError as error:
        found = "not installed, and CLIP weights are found by name with it"
        raise RunError("huggingface_hub", found, INSTALL) from error
    if not sys.stderr.isatty():
        huggingface_hub.utils.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    hub: ModuleType = huggingface_hub
    return hub


def _snapshot(hub: ModuleType, repository: str, *, local_files_only: bool) -> str:
    files = [CONFIG_FILE, WEIGHTS_FILE]
    folder: str = hub.snapshot_download(
        repository, allow_patterns=files, local_files_only=local_files_only
    )
    return folder


def _failures(hub: ModuleType) -> tuple[type[Exception], ...]:
    """All that fetching raises: the hub's own, those of its network library, and of the disk."""
    return (*hub.errors.HfHubHTTPError.__bases__, OSError, RuntimeError, ValueError)


def _reason(error: Exception) -> str:
    lines = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_REASON_CHARACTERS].rstrip(".")


def _not_to_be_had(hub: ModuleType, wanted: Wanted, reason: str) -> RunError:
    cache = hub.constants.HF_HUB_CACHE
    return RunError(
        f"--clip_model {wanted.model}",
        f"{WEIGHTS_FILE} of the repository {wanted.repository} is neither in {cache} "
        f"nor to be had from the hub ({reason})",
        _OWN_FOLDER,
    )


class _MalformedError(Exception):
    """The bytes are no protobuf message."""


def check_self_contained(path: Path) -> None:
    """Refuse a file that is no ONNX graph, or that keeps numbers in other files.

    Raises
    ------
    RunError
        Saying which.
    """
    try:
        with (
            open_regular(path) as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            is_self_contained = not _refers_elsewhere(data, "model", (0, len(data)), 0)
    except (_MalformedError, ValueError) as error:  # an empty file cannot be mapped
        found = "is no ONNX file, or only a part of one"
        raise RunError(str(path), found, OTHER_WEIGHTS) from error
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror or error}") from error
    if not is_self_contained:
        found = "keeps its weights in other files, and only files that hold their own are used"
        remedy = "Save it as one file, for instance with onnx.save_model of the onnx package."
        raise RunError(str(path), found, remedy)


def _refers_elsewhere(data: mmap.mmap, message: str, span: tuple[int, int], depth: int) -> bool:
    if depth > _MAX_DEPTH:
        raise _MalformedError
    for field, wire_type, start, end in _iter_fields(data, *span):
        if message == "tensor":
            found = (field, wire_type) == (_DATA_LOCATION, _VARINT) and data[start] != 0
        else:
            inner = _NESTED[message].get(field) if wire_type == _LENGTH else None
            found = inner is not None and _refers_elsewhere(data, inner, (start, end), depth + 1)
        if found:
            return True
    return False


def _iter_fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, and where the content of each field of a message starts and ends."""
    while start < end:
        tag, start = _varint(data, start, end)
        wire_type = tag & 7
        if wire_type == _VARINT:
            stop = _varint(data, start, end)[1]
        elif wire_type == _LENGTH:
            length, start = _varint(data, start, end)
            stop = start + length
        elif wire_type in _FIXED:
            stop = start + _FIXED[wire_type]
        else:
            raise _MalformedError
        if stop > end:
            raise _MalformedError
        yield tag >> 3, wire_type, start, stop
        start = stop


def _varint(data: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """Integer that begins at ``start``, seven bits a byte, and the place after it."""
    value = 0
    for place in range(start, min(start + 10, end)):
        byte = data[place]
        value |= (byte & 127) << 7 * (place - start)
        if byte < 128:
            return value, place + 1
    raise _MalformedError
