"""A tower's folder on this machine: the user's own, the hub's cache, or fetched from the hub.

A folder has the layout of the hub's ONNX repositories: `CONFIG_FILE` and `WEIGHTS_FILE`.
The cache is where ``HF_HOME`` says, and with ``HF_HUB_OFFLINE`` set nothing is fetched.
"""

import hashlib
import logging
import sys
from pathlib import Path
from types import ModuleType

from shared.errors import RunError
from shared.pictures.embedders.towers import Wanted
from shared.regular_files import open_regular

CONFIG_FILE = "preprocessor_config.json"
WEIGHTS_FILE = "onnx/vision_model.onnx"
_WITHOUT = "or do without CLIP: in stage 1, --embedder builtin."
INSTALL = f"Run: pip install -r requirements-clip.txt, {_WITHOUT}"
OTHER_WEIGHTS = f"Give other weights with --clip_model, {_WITHOUT}"
_OWN_FOLDER = (
    f"Give a local folder that holds {CONFIG_FILE} and {WEIGHTS_FILE} with --clip_model, {_WITHOUT}"
)
_REASON_CHARACTERS = 200


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
