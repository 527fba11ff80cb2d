"""The table is closed, its tokens are inert, and a moment is spelled as results spell it."""

import datetime
import pickle

import numpy as np
import pytest

from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.stream import RefusedError
from shared.classifiers.pickles.tokens import Instance, Moment, Opaque, token

ZONE = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "ndarray"),
        ("sklearn.svm._classes", "SVR"),
        ("sklearn.svm._classes", "SVC.fit"),
        ("sklearn.svm._classes ", "SVC"),
        ("joblib.numpy_pickle", "NumpyUnpickler"),
        ("datetime", "datetime.strptime"),
        ("_codecs", "decode"),
        ("", ""),
    ],
)
def test_a_name_that_is_not_in_the_table_is_refused(module: str, name: str) -> None:
    with pytest.raises(RefusedError, match="which is not read as data"):
        token(module, name)


def test_a_call_of_an_estimator_is_only_a_description() -> None:
    found = token("sklearn.svm._classes", "SVC").call(())
    assert isinstance(found, Instance)
    assert (found.class_name, found.state) == ("SVC", None)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("zone", [None, datetime.UTC, ZONE])
def test_a_moment_is_spelled_as_in_results(protocol: int, zone: datetime.tzinfo | None) -> None:
    moment = datetime.datetime(2023, 1, 21, 0, 56, 7, 89, tzinfo=zone, fold=1)
    found = contents(pickle.dumps(moment, protocol))
    assert isinstance(found, Moment)
    assert found.text == moment.strftime("%Y-%m-%d, %H:%M:%S") == "2023-01-21, 00:56:07"


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_generator_of_random_numbers_is_carried_along_unread(protocol: int) -> None:
    found = contents(pickle.dumps([np.random.RandomState(3)], protocol))
    assert isinstance(found, list)
    assert isinstance(found[0], Opaque)


@pytest.mark.parametrize("value", [{1, 2}, frozenset({1}), bytearray(b"ab"), b"", b"\xff"])
@pytest.mark.parametrize("protocol", [2, 3])
def test_what_older_protocols_write_as_calls_is_tolerated(value: object, protocol: int) -> None:
    assert contents(pickle.dumps([value], protocol)) is not None


@pytest.mark.parametrize("value", [b"", b"ab", bytes(range(256))])
def test_bytes_in_protocol_2_come_back(value: bytes) -> None:
    assert contents(pickle.dumps(value, 2)) == value
