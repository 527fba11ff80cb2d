import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.metadata.lookup import equals_next, key_digest, positions, sorting, words

few_words = st.lists(st.tuples(*[st.sampled_from([0, 1, 2**64 - 1])] * 2))


def columns(pairs: list[tuple[int, ...]]) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    return np.array(pairs, np.uint64).reshape(-1, 2).T.copy()


@settings(max_examples=100, deadline=None)
@given(few_words, few_words)
def test_positions_are_those_of_a_dictionary_even_where_first_words_are_shared(
    keys: list[tuple[int, ...]], wanted: list[tuple[int, ...]]
) -> None:
    unique = sorted(set(keys))
    places = {key: place for place, key in enumerate(unique)}
    found = positions(columns(unique), columns(wanted))
    assert found.tolist() == [places.get(key, -1) for key in wanted]


@settings(max_examples=50, deadline=None)
@given(few_words)
def test_sorting_is_by_all_words_and_keeps_the_order_of_equals(keys: list[tuple[int, ...]]) -> None:
    expected = sorted(range(len(keys)), key=lambda place: keys[place])
    assert sorting(columns(keys)).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(few_words)
def test_a_column_equals_the_next_where_the_pairs_do(keys: list[tuple[int, ...]]) -> None:
    ordered = sorted(keys)
    expected = [a == b for a, b in zip(ordered, [*ordered[1:], None], strict=False)]
    assert equals_next(columns(ordered)).tolist() == expected


def test_words_are_the_digests_from_top_to_bottom() -> None:
    digests = [bytes(range(16)), bytes(16)]
    assert words(digests, 2).T.tobytes() == b"".join(digests)


def test_no_digests_are_no_columns() -> None:
    assert words([], 4).shape == (4, 0)


def test_any_text_is_a_key_and_case_counts() -> None:
    keys = ["", "ab", "AB", "\udc80", "\0", "é", "e\u0301", "x" * 10_000]
    assert len({key_digest(key) for key in keys}) == len(keys)
