"""The machine reads plain data back as `pickle` wrote it, and nothing makes it fail otherwise."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.classifiers.pickles.machine import contents
from shared.classifiers.pickles.stream import RefusedError
from shared.classifiers.pickles.tokens import Instance
from shared.names import printable
from tests.shared.classifiers import made_pickles as p
from tests.shared.classifiers.samples import dumped

PROTOCOLS = st.integers(2, 5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
    | st.binary(max_size=8)
)
KEYS = st.text(max_size=5) | st.integers(-(2**31), 2**31)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=12,
)


@given(PLAIN, PROTOCOLS)
@settings(max_examples=60, deadline=None)
def test_plain_data_comes_back_as_it_was_written(value: object, protocol: int) -> None:
    assert contents(pickle.dumps(value, protocol)) == value


@given(PLAIN)
@settings(max_examples=30, deadline=None)
def test_plain_data_in_joblibs_way_comes_back_too(value: object) -> None:
    assert contents(dumped(value)) == value


@given(st.binary(max_size=60), PROTOCOLS)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(tail: bytes, protocol: int) -> None:
    try:
        contents(bytes([0x80, protocol]) + tail + pickle.STOP)
    except RefusedError as error:
        reason = error.reason
        assert printable(reason) == reason


@pytest.mark.parametrize("n_items", [0, 1, 999, 1000, 1001, 2001])
def test_long_lists_and_dictionaries_come_in_several_batches(n_items: int) -> None:
    value = {"a": list(range(n_items)), "b": dict.fromkeys(map(str, range(n_items)))}
    assert contents(pickle.dumps(value)) == value


def test_what_is_written_once_is_one_object() -> None:
    shared: list[Any] = [1]
    found: Any = contents(pickle.dumps([shared, shared]))
    assert found[0] is found[1]


def test_a_list_may_contain_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    found: Any = contents(pickle.dumps(endless))
    assert found[0] is found


def test_sets_are_read_without_hashing_their_members() -> None:
    assert contents(p.pickled(b"\x8f(]]\x90")) == [[], []]


def test_a_frozen_set_is_a_tuple() -> None:
    assert contents(pickle.dumps(frozenset({7}), 4)) == (7,)


def test_a_bytearray_is_bytes() -> None:
    assert contents(pickle.dumps(bytearray(b"ab"), 5)) == b"ab"


def test_frames_may_hold_any_number_of_operations() -> None:
    framed = p.START + pickle.FRAME + (2).to_bytes(8, "little") + b"K\x07" + p.END
    assert contents(framed) == 7


def test_an_object_keeps_the_name_of_its_class_and_its_attributes() -> None:
    found = contents(
        p.pickled(p.instance("sklearn.svm._classes", "SVC", p.mapping(p.text("C"), p.number(2))))
    )
    assert isinstance(found, Instance)
    assert (found.class_name, found.state) == ("SVC", {"C": 2})


def test_the_start_of_a_nested_pickle_is_checked_too() -> None:
    nested = p.wrapped_array(p.several(p.number(1)), p.dtype("O8"), b"N.")
    with pytest.raises(RefusedError, match="no pickle of protocol 2 to 5"):
        contents(p.pickled(nested))
