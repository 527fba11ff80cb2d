"""A short run of what `make fuzz` does at length, and the laws of the damage that it uses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.classifiers import run
from tests.fuzz.mutations import mutations


def test_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    counts = run(n_cases=400, seed=20260101)
    assert counts["read"] + counts["refused"] == counts["cases"] == 400
    assert min(counts.values()) > 0


@given(st.binary(max_size=50), st.integers(0, 2**64))
@settings(max_examples=100, deadline=None)
def test_the_same_seed_does_the_same_damage(data: bytes, seed: int) -> None:
    assert mutations(data, seed) == mutations(data, seed)


def test_most_seeds_do_damage() -> None:
    data = bytes(range(200))
    assert sum(mutations(data, seed) != data for seed in range(200)) > 150
