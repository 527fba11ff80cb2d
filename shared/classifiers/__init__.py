"""The door to classifier files: `.pkl` in, plain arrays out, and no code run on the way.

A data-only reader of our own goes through each file. `machine` reads pickles, `tokens` and `arrays`
say what may be in them, `schemas` knows the estimators, `files` the two forms of a file.
"""

from shared.classifiers.files import decoded_classifier
from shared.classifiers.loading import (
    RefusedClassifier,
    check_n_features,
    load_classifiers,
    set_aside,
)
from shared.classifiers.refusal import RefusedError

__all__ = [
    "RefusedClassifier",
    "RefusedError",
    "check_n_features",
    "decoded_classifier",
    "load_classifiers",
    "set_aside",
]
