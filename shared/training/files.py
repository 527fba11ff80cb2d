"""Names of classifier files, one for each tag, whatever a person has called it."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable

from shared.names import file_name

MODEL_SUFFIX = ".pkl"
_MARK = "~"


def model_names(model_type: str, tags: Iterable[str]) -> dict[str, str]:
    """File name for each tag's classifier, ``model-<model_type>-tag-<tag>.pkl``, no two the same.

    A tag that no file can be named after, or that some file systems confuse with another (by case
    or by the form of an accent), gets a digest of itself into the name.

    Examples
    --------
    >>> list(model_names("svm", ["cat", "a/b"]).values())
    ['model-svm-tag-cat.pkl', 'model-svm-tag-a_b~82badf67.pkl']
    """
    tags = list(tags)
    plain = {tag: f"model-{model_type}-tag-{tag}{MODEL_SUFFIX}" for tag in tags}
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
