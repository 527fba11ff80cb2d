"""The tag lists that stage 1 writes: ``{tag: [hash, ...]}``, read and checked."""

import json
from pathlib import Path

from shared.errors import RunError
from shared.names import storable
from shared.records import GIBIBYTE
from shared.regular_files import read_small

OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"
NO_TAGS = frozenset({OTHER_TRAINING, OTHER_VALIDATION})
"""Folders of pictures that have none of the tags."""
MAX_TAGS_BYTES = 2 * GIBIBYTE

_REMEDY = "Give the input-tag-to-image-hash-list.json that stage 1 wrote."

TagLists = dict[str, list[str]]


def load_tags(path: Path) -> TagLists:
    """Load the image hashes of each tag, those of `NO_TAGS` too.

    Raises
    ------
    RunError
        Where the file cannot be read, or is not an object of lists of texts.
    """
    try:
        content = read_small(path, MAX_TAGS_BYTES)
    except OSError as error:
        raise RunError(str(path), f"cannot be read: {error.strerror}", _REMEDY) from error
    if not content.strip():
        raise RunError(str(path), "is empty", _REMEDY)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError(str(path), f"not JSON ({error})", _REMEDY) from error
    if not isinstance(found, dict):
        raise RunError(str(path), "not an object of tags with their image hashes", _REMEDY)
    if not found:
        raise RunError(str(path), "holds no tags", _REMEDY)
    for tag, hashes in found.items():
        if not isinstance(hashes, list) or not all(isinstance(one, str) for one in hashes):
            raise RunError(str(path), f"what stands under {tag!r} is no list of hashes", _REMEDY)
    return {storable(tag): hashes for tag, hashes in found.items()}
