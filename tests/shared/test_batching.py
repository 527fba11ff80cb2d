"""A stream comes out whole, in order, in lists within their bounds."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.batching import iter_batches

WEIGHTS = st.lists(st.integers(0, 10))
BOUNDS = st.integers(1, 5)


def own_weight(item: int) -> float:
    return item


@given(WEIGHTS, BOUNDS, st.integers(0, 20))
def test_batches_are_the_stream_in_its_order(items: list[int], count: int, weight: int) -> None:
    batches = iter_batches(items, count, weight, own_weight)
    assert [item for batch in batches for item in batch] == items


@given(WEIGHTS, BOUNDS, st.integers(0, 20))
def test_no_batch_is_empty_or_too_long(items: list[int], count: int, weight: int) -> None:
    assert all(1 <= len(b) <= count for b in iter_batches(items, count, weight, own_weight))


@given(WEIGHTS, BOUNDS, st.integers(0, 20))
def test_a_batch_is_too_heavy_only_if_one_item_is(
    items: list[int], count: int, weight: int
) -> None:
    batches = iter_batches(items, count, weight, own_weight)
    assert all(sum(batch) <= weight or len(batch) == 1 for batch in batches)


@given(WEIGHTS, BOUNDS, st.integers(0, 20))
def test_no_batch_could_have_taken_the_next_item(items: list[int], count: int, weight: int) -> None:
    batches = list(iter_batches(items, count, weight, own_weight))
    for batch, following in pairwise(batches):
        assert len(batch) == count or sum(batch) + following[0] > weight


def test_without_a_weight_only_the_count_bounds() -> None:
    assert [len(batch) for batch in iter_batches(range(10), 4)] == [4, 4, 2]


def test_a_full_batch_is_yielded_without_reading_ahead() -> None:
    taken: list[int] = []

    def stream() -> Iterator[int]:
        for item in range(10):
            taken.append(item)
            yield item

    assert next(iter_batches(stream(), 3)) == [0, 1, 2]
    assert taken == [0, 1, 2]


def test_a_full_batch_does_not_wait_for_the_next_item() -> None:
    taken: list[int] = []

    def stream() -> Iterator[int]:
        for item in range(10):
            taken.append(item)
            yield item

    next(iter_batches(stream(), 3))
    assert taken == [0, 1, 2]


def test_a_batch_that_was_yielded_is_the_callers_own() -> None:
    batches = iter_batches(range(4), 2)
    first = next(batches)
    next(batches)
    assert first == [0, 1]
