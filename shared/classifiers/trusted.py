"""Classifier files loaded as code, for users who trust whoever made them.

This is the loud way round the data-only reader: loading a pickle can do anything that the user
can. The only place, besides training, that imports scikit-learn.
"""

import io
import pickle
import warnings
from datetime import datetime
from typing import Any

import numpy as np

from shared.classifiers.estimators import Classifier, Trusted
from shared.classifiers.files import embedder, labels
from shared.classifiers.pickles.stream import RefusedError, quoted
from shared.hashing import content_digest
from shared.names import storable

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
    made_by = embedder(described)
    return Classifier(
        storable(name), model_type, tag, date, content_digest(content), estimator, made_by
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
