"""One classifier file's bytes into a classifier: which form it has, and what it is called."""

import re
from dataclasses import fields

from shared.classifiers.estimators import Classifier
from shared.classifiers.pickles.compression import unpacked
from shared.classifiers.pickles.fields import kind
from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.schemas import estimator
from shared.classifiers.pickles.stream import RefusedError
from shared.classifiers.pickles.tokens import Instance, Moment
from shared.hashing import content_digest
from shared.names import storable
from shared.records import EmbedderName

MAX_NAME_CHARACTERS = 200
_EMBEDDER_WORDS = {field.name for field in fields(EmbedderName)}
_FILE_NAME = re.compile(r"model-(?P<model_type>.+?)-tag-(?P<tag>.+)", re.DOTALL)


def decoded_classifier(name: str, content: bytes) -> Classifier:
    """Read a classifier as data.

    Parameters
    ----------
    name : str
        The file's stem, which is the classifier's name.
    content : bytes
        The whole file.

    Raises
    ------
    RefusedError
        If it is damaged, names or does something unknown, or lacks what a score needs.
    """
    found = contents(unpacked(content))
    described = found if isinstance(found, dict) else {"classifier": found}
    if "classifier" not in described:
        raise RefusedError('a dictionary without a "classifier"')
    if not isinstance(described["classifier"], Instance):
        raise RefusedError(f"no classifier: its content is a {kind(described['classifier'])}")
    scorer = estimator(described["classifier"])
    moment = described.get("train_start_time")
    date = moment.text if isinstance(moment, Moment) else None
    model_type, tag = labels(name, described)
    made_by = embedder(described)
    return Classifier(
        storable(name), model_type, tag, date, content_digest(content), scorer, made_by
    )


def labels(name: str, described: dict[str, object]) -> tuple[str, str]:
    """Find model type and tag in a file's dictionary, or else in its name.

    Raises
    ------
    RefusedError
        If they are in neither.
    """
    by_name = _FILE_NAME.fullmatch(name)
    parts = by_name.groupdict() if by_name else {}
    return _label("model_type", described, parts), _label("tag", described, parts)


def embedder(described: dict[str, object]) -> EmbedderName | None:
    """Find what made the vectors it was trained on; None where stage 2 has not told it."""
    told = described.get("embedder")
    if not isinstance(told, dict) or told.keys() != _EMBEDDER_WORDS:
        return None
    if not all(isinstance(one, str) and len(one) <= MAX_NAME_CHARACTERS for one in told.values()):
        return None
    return EmbedderName(**told)


def _label(key: str, described: dict[str, object], parts: dict[str, str]) -> str:
    label = parts.get(key) if described.get(key) is None else described[key]
    if label is None:
        raise RefusedError(
            f"no {key} in it, and its name is not model-<model_type>-tag-<tag>.pkl: rename it"
        )
    if not isinstance(label, str) or not 0 < len(label) <= MAX_NAME_CHARACTERS:
        raise RefusedError(f"its {key} is no text of 1 to {MAX_NAME_CHARACTERS} characters")
    return storable(label)
