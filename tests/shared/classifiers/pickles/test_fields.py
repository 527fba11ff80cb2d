"""Each question to an object's attributes is answered soundly or refused with what was found."""

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.classifiers.pickles.fields import Fields, fields, kind
from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.stream import RefusedError
from shared.classifiers.pickles.tokens import Instance


def _fields(**values: object) -> Fields:
    stored = contents(pickle.dumps(values))
    assert isinstance(stored, dict)
    return Fields("SVC", stored)


def test_the_first_of_several_names_that_is_there_counts() -> None:
    assert _fields(probA_=1, _probA=2).value("_probA", "probA_") == 2
    assert _fields(probA_=1).value("_probA", "probA_") == 1


@pytest.mark.parametrize("value", [0, -3, 2.5, True, np.float32(0.5), np.int16(3)])
def test_a_number_may_be_of_any_kind(value: float) -> None:
    assert _fields(a=value).number("a") == float(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e101, 10**600, None, "1", [1]])
def test_a_number_is_finite_and_of_sound_size(value: object) -> None:
    with pytest.raises(RefusedError, match="SVC: a is no finite number"):
        _fields(a=value).number("a")


@pytest.mark.parametrize("value", [0.5, np.array([0.5]), np.array([0.5], np.float32)])
def test_one_number_may_stand_in_an_array(value: object) -> None:
    assert _fields(a=value).number_in("a") == 0.5


def test_floats_are_a_copy_in_double_precision_and_c_order() -> None:
    floats = _fields(a=np.asfortranarray(np.ones((2, 3), np.float32))).floats((2, 3), "a")
    assert floats.dtype == np.float64
    assert (floats.flags.c_contiguous, floats.flags.owndata) == (True, True)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.ones(3), r"a has shape \(3,\), needed: \(2,\)"),
        (np.ones(2, int), "a is of i8, not of floats"),
        (np.array([1, np.nan]), "a holds numbers that are not finite"),
        (np.array([1, -np.inf]), "a holds numbers that are not finite"),
        (np.array([1, 1e101]), r"or beyond 1e\+100"),
        (np.array(["a", "b"]), "a is of U1, not of floats"),
    ],
)
def test_floats_of_another_shape_or_kind_are_refused(
    array: NDArray[np.generic], reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        _fields(a=array).floats((2,), "a")


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-200])
def test_what_is_divided_by_is_above_0(value: float) -> None:
    with pytest.raises(RefusedError, match="a holds numbers that are not above 0"):
        _fields(a=np.array([1.0, value])).positives((2,), "a")


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_integers_may_be_of_any_width(dtype: type[np.integer]) -> None:
    assert _fields(a=np.array([1, 2], dtype)).integers((2,), "a").tolist() == [1, 2]


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["a", "b"], [0.0, 1.0], [b"a", b"b"]])
@pytest.mark.parametrize("as_objects", [False, True])
def test_two_classes_may_have_any_labels(labels: list[object], as_objects: bool) -> None:
    classes = np.array(labels, object if as_objects else None)
    _fields(classes_=classes).check_two_classes()


@pytest.mark.parametrize(("n_classes", "words"), [(0, "0 classes"), (1, "1 class"), (3, "3 cl")])
def test_another_number_of_classes_is_refused(n_classes: int, words: str) -> None:
    with pytest.raises(RefusedError, match=f"SVC: {words}.*, 2 are needed"):
        _fields(classes_=np.arange(n_classes)).check_two_classes()


def test_a_width_that_is_not_declared_is_not_checked() -> None:
    _fields().check_n_features(7)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "NoneType"),
        ([], "list"),
        (np.ones(2), "numpy.ndarray"),
        (np.dtype("f8"), "numpy.dtype"),
    ],
)
def test_what_is_no_object_is_named_in_pythons_words(value: object, name: str) -> None:
    stored = contents(pickle.dumps(value))
    assert kind(stored) == name
    with pytest.raises(RefusedError, match=f"a {name} stands where a fitted estimator is needed"):
        fields(stored)


def test_an_object_that_was_never_built_has_no_fields() -> None:
    with pytest.raises(RefusedError, match="a SVC stands where a fitted"):
        fields(Instance("SVC"))
