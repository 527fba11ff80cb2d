"""All fuzzers, one after the other: python -m tests.fuzz [seed]."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.fuzz import archives, classifiers, metadata, pictures, pipeline

Run = Callable[[int, int], Mapping[Any, int]]

RUNS: tuple[tuple[str, Run, int], ...] = (
    ("classifier files", classifiers.run, 20_000),
    ("archives", archives.run, 5_000),
    ("metadata files", metadata.run, 2_000),
    ("pictures", pictures.run, 2_000),
    ("pictures inside archives", pipeline.run, 2_000),
)


def main(seed: int) -> None:
    """Run each of them and say how many cases were tried and how they ended."""
    for what, run, n_cases in RUNS:
        counts = run(n_cases, seed)
        ended = ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))
        sys.stdout.write(f"{n_cases:,} damaged {what}: {ended}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
