"""What the cases of hostile files are made of.

A payload, should one ever run, creates a file called ``canary`` in the current directory.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.samples import IS_OTHER, dumped, sample

COMMAND = p.text("touch canary")
SVC = p.name("sklearn.svm._classes", "SVC")
NEW_SVC = SVC + pickle.EMPTY_TUPLE + pickle.NEWOBJ
SYSTEM = p.name("os", "system")
PAYLOAD = p.pickled(p.called(SYSTEM, COMMAND))
ONE_FLOAT = p.data(bytes(8))
SIDE = p.several(p.number(1))
UNREAD = "which is not read as data"
THREE_CLASSES = np.arange(len(IS_OTHER)) % 3


@dataclass(frozen=True)
class Case:
    """A file and a part of the reason for which it is refused."""

    name: str
    content: Callable[[], bytes]
    expected: str


def case(name: str, content: bytes, expected: str) -> Case:
    """Return a case whose bytes are at hand; others are made when they are needed."""
    return Case(name, lambda: content, expected)


def good() -> bytes:
    """Return a file that is read."""
    return dumped(sample("logistic"))


def estimator_case(name: str, estimator: Callable[[], BaseEstimator], expected: str) -> Case:
    """Return a case of a file that holds an estimator, made when it is needed."""
    return Case(name, lambda: dumped(estimator()), expected)
