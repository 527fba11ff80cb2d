"""Whether what training says of itself is true, and how long it takes: TRUST.md and HEADS.md.

python -m tests.bench.trust [--write] [--seeds 10] [--only promise pace] [--read OUTPUT ...]
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import joblib

from tests.bench import collection, copies, heads, novel, pace, promise, strangers
from tests.bench.kinds import SETS, Kinds, read
from tests.bench.sets import TOWER, VECTORS

DOCUMENTS = [Path(__file__).with_name(name) for name in ("TRUST.md", "HEADS.md")]
N_PACED = 10


class Experiment(Protocol):
    """A module that measures something on a set with a seed, and makes rows of all seeds."""

    N_SEEDS: int

    @property
    def HEAD(self) -> tuple[str, ...]:  # noqa: N802 - a constant
        """The table's columns."""

    def measured(self, kinds: Kinds, seed: int) -> Any:  # noqa: ANN401 - its own affair
        """Measure once."""

    def rows(self, name: str, found: Sequence[Any]) -> Iterable[tuple[str, ...]]:
        """Write the table's rows of one set."""


def repeated(experiment: Experiment, sets: Sequence[Kinds], asked: argparse.Namespace) -> str:
    """Measure on all sets, and with all seeds."""
    pool = joblib.Parallel(n_jobs=-1)
    lines: list[tuple[str, ...]] = []
    for kinds in sets:
        seeds = range(asked.seeds or experiment.N_SEEDS)
        found = pool(joblib.delayed(experiment.measured)(kinds, seed) for seed in seeds)
        lines += experiment.rows(kinds.name, found)
    return table(experiment.HEAD, lines)


def copied(sets: Sequence[Kinds], asked: argparse.Namespace) -> str:
    """Measure how near copies are."""
    real = [kinds for kinds in sets if kinds.hashes]
    lines = [line for kinds in real for line in copies.iter_rows(kinds, asked.clip_model)]
    return table(copies.HEAD, lines)


def paces(*_: object) -> str:
    """Measure how long tags take."""
    return table(pace.HEAD, pace.iter_rows(range(N_PACED), seed=0))


PARTS: dict[str, Callable[[Sequence[Kinds], argparse.Namespace], str]] = {
    "collection": partial(repeated, collection),
    "strangers": partial(repeated, strangers),
    "novelty": partial(repeated, novel),
    "promise": partial(repeated, promise),
    "copies": copied,
    "heads": partial(repeated, heads),
    "pace": paces,
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replaced(text: str, name: str, part: str) -> str:
    """Put a table into its place in a text that has one, between two comments that name it."""
    start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    if start not in text:
        return text
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}{part}{end}{after}"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("python -m tests.bench.trust", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how often each set is divided")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--read", type=Path, nargs="*", help="output folders of stage 1")
    parser.add_argument("--clip_model", default=str(TOWER), help="of those, for copies")
    parser.add_argument("--write", action="store_true", help="put the tables into the documents")
    asked = parser.parse_args()
    folders = sorted(VECTORS.glob("*")) if asked.read is None else asked.read
    if not folders:
        sys.stderr.write("real pictures and pretrained features: make bench-sets, or --read\n")
    sets = [*(make() for make in SETS), *map(read, folders)]
    for name in asked.only:
        part = PARTS[name](sets, asked)
        sys.stdout.write(f"{name}\n{part}\n\n")
        sys.stdout.flush()
        if asked.write:
            for path in DOCUMENTS:
                path.write_text(replaced(path.read_text(), name, part))


if __name__ == "__main__":
    main()
