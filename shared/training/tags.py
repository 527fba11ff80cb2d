"""Tags: the lists that stage 1 writes, read and checked, and a name for each tag's classifier file.

The lists are ``{tag: [hash, ...]}``; a tag may be called whatever a person likes.
"""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from shared.errors import RunError
from shared.names import file_name, storable_label
from shared.records import GIBIBYTE
from shared.regular_files import read_small

OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"
NO_TAGS = frozenset({OTHER_TRAINING, OTHER_VALIDATION})
"""Folders of pictures that have none of the tags."""
MAX_TAGS_BYTES = 2 * GIBIBYTE
_NO_TAGS = "Folders are tags: run stage 1 on a folder with one folder of images for each."
_REMEDY = "Give the input-tag-to-image-hash-list.json that stage 1 wrote."
TagLists = dict[str, list[str]]
MODEL_SUFFIX = ".pkl"
_MARK = "~"


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
        raise RunError(str(path), "holds no tags", _NO_TAGS)
    for tag, hashes in found.items():
        if not isinstance(hashes, list) or not all(isinstance(one, str) for one in hashes):
            raise RunError(str(path), f"what stands under {tag!r} is no list of hashes", _REMEDY)
    return {storable_label(tag): hashes for tag, hashes in found.items()}


def model_names(model_type: str, tags: Iterable[str]) -> dict[str, str]:
    """File name for each tag's classifier, ``model-<model_type>-tag-<tag>.pkl``, no two the same.

    A tag that no file can be named after, or that some file systems confuse with another (by case
    or by the form of an accent), gets a digest of itself into the name.

    Examples
    --------
    >>> list(model_names("svm", ["cat", "a/b"]).values())
    ['model-svm-tag-cat.pkl', 'model-svm-tag-a_b~82badf67.pkl']
    """
    return _file_names(f"model-{model_type}-tag-", tags, MODEL_SUFFIX)


def page_names(tags: Iterable[str]) -> dict[str, str]:
    """File name for each tag's page among the reports, ``tag-<tag>.html``, as of classifiers."""
    return _file_names("tag-", tags, ".html")


def _file_names(start: str, tags: Iterable[str], end: str) -> dict[str, str]:
    plain = {tag: f"{start}{tag}{end}" for tag in tags}
    confused = Counter(map(_folded, plain.values()))
    return {
        tag: name if _is_fit(name) and confused[_folded(name)] == 1 else _distinct(name, tag)
        for tag, name in plain.items()
    }


def _is_fit(name: str) -> bool:
    return _MARK not in name and file_name(name) == name


def _distinct(name: str, tag: str) -> str:
    digest = hashlib.blake2b(tag.encode(), digest_size=4).hexdigest()
    return file_name(name.replace("/", "_").replace("\\", "_"), digest)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
