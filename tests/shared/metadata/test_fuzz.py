from tests.fuzz.metadata import run


def test_mutated_metadata_loads_or_is_refused() -> None:
    counts = run(n_cases=150, seed=20261122)
    assert sum(counts.values()) == 150
    assert min(counts["loaded"], counts["refused"], counts["index"]) > 10
