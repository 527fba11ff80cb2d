"""One classifier file's bytes into a classifier: read as data or, where asked for, as code."""

import io
import pickle
import re
import warnings
from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np

from shared.classifiers.estimators import Classifier, ScoreCounts, Trusted
from shared.classifiers.pickles.fields import kind
from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.schemas import estimator
from shared.classifiers.pickles.stream import RefusedError, quoted, unpacked
from shared.classifiers.pickles.tokens import Instance, Moment
from shared.hashing import content_digest
from shared.names import storable, storable_label
from shared.odds import N_ODDS_BINS
from shared.records import THRESHOLD_NAMES, EmbedderName

MAX_NAME_CHARACTERS = 200
MAX_COUNT = 10**9
_EMBEDDER_WORDS = {field.name for field in fields(EmbedderName)}
_FILE_NAME = re.compile(r"model-(?P<model_type>.+?)-tag-(?P<tag>.+)", re.DOTALL)
_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"
# What loading foreign code is known to end in; anything else is that code's own doing.
_LOADING_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


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
    return Classifier(
        storable(name),
        model_type,
        tag,
        date,
        content_digest(content),
        scorer,
        embedder(described),
        _share(described.get("average_precision")),
        thresholds(described),
        score_counts(described),
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
    # What told of no precision was written before there were two.
    if not isinstance(told, dict) or told.keys() | {"precision"} != _EMBEDDER_WORDS:
        return None
    if not all(isinstance(one, str) and len(one) <= MAX_NAME_CHARACTERS for one in told.values()):
        return None
    return EmbedderName(**told)


def thresholds(described: dict[str, object]) -> dict[str, float]:
    """Find the thresholds that a file tells, by name; those that are none are left out."""
    told = described.get("thresholds")
    if not isinstance(told, dict):
        return {}
    by_name = {name: told.get(name) for name in THRESHOLD_NAMES}
    parts = {name: one for name, one in by_name.items() if isinstance(one, dict)}
    shares = {name: _share(one.get("threshold")) for name, one in parts.items()}
    return {name: share for name, share in shares.items() if share is not None}


def score_counts(described: dict[str, object]) -> ScoreCounts | None:
    """Find how cross-validated scores are spread; None where a file does not tell, or nonsense."""
    told = described.get("score_counts")
    if not isinstance(told, list) or len(told) > N_ODDS_BINS:
        return None
    tag, other = [0] * N_ODDS_BINS, [0] * N_ODDS_BINS
    for row in told:
        if not isinstance(row, list) or len(row) != 3 or not all(type(n) is int for n in row):
            return None
        at, n_tag, n_other = row
        if not (0 <= at < N_ODDS_BINS and 0 <= n_tag <= MAX_COUNT and 0 <= n_other <= MAX_COUNT):
            return None
        tag[at], other[at] = n_tag, n_other
    return ScoreCounts(tuple(tag), tuple(other)) if any(tag) and any(other) else None


def _share(told: object) -> float | None:
    """Return a number from 0 to 1; None of everything else."""
    if not isinstance(told, int | float) or isinstance(told, bool):
        return None
    return float(told) if 0 <= told <= 1 else None


def _label(key: str, described: dict[str, object], parts: dict[str, str]) -> str:
    label = parts.get(key) if described.get(key) is None else described[key]
    if label is None:
        raise RefusedError(
            f"no {key} in it, and its name is not model-<model_type>-tag-<tag>.pkl: rename it"
        )
    if not isinstance(label, str) or not 0 < len(label) <= MAX_NAME_CHARACTERS:
        raise RefusedError(f"its {key} is no text of 1 to {MAX_NAME_CHARACTERS} characters")
    return storable_label(label)


def trusted_classifier(name: str, content: bytes) -> Classifier:
    """Load a classifier with joblib, which runs what the file says.

    Raises
    ------
    RefusedError
        If it does not load, or is no fitted classifier of two classes.
    """
    found = _loaded(content)
    described = found if isinstance(found, dict) else {"classifier": found}
    moment = described.get("train_start_time")
    date = moment.strftime(_DATE_FORMAT) if isinstance(moment, datetime) else None
    estimator = _trusted(described.get("classifier"))
    model_type, tag = labels(name, described)
    return Classifier(
        storable(name),
        model_type,
        tag,
        date,
        content_digest(content),
        estimator,
        embedder(described),
        _share(described.get("average_precision")),
        thresholds(described),
        score_counts(described),
    )


def _loaded(content: bytes) -> Any:  # noqa: ANN401 -- a pickle can hold anything
    import joblib  # noqa: PLC0415 -- nobody pays for it who did not ask to trust
    from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            return joblib.load(io.BytesIO(content))
    except _LOADING_ERRORS as error:
        why = quoted(f"{type(error).__name__}: {error}")
        raise RefusedError(f"as trusted code it does not load ({why})") from error


def _trusted(estimator: Any) -> Trusted:  # noqa: ANN401 -- somebody's own class
    predict_proba = getattr(estimator, "predict_proba", None)
    if not callable(predict_proba):
        raise RefusedError(f"as trusted code it is a {type(estimator).__name__} that cannot score")
    n_classes = len(getattr(estimator, "classes_", ()))
    if n_classes != 2:
        raise RefusedError(f"as trusted code it has {n_classes} classes, 2 are needed")
    n_features = getattr(estimator, "n_features_in_", None)
    if not isinstance(n_features, int | np.integer):
        raise RefusedError("as trusted code it does not tell its n_features_in_")
    return Trusted(predict_proba, int(n_features))
