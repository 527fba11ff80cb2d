"""Whether what training says of itself is true, and how long it takes: into TRUST.md.

python -m tests.bench.trust [--write] [--seeds 10] [--only promise pace]
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import joblib

from tests.bench import pace, promise
from tests.bench.kinds import SETS
from tests.bench.promise import Kept

TRUST = Path(__file__).with_name("TRUST.md")
N_PACED = 10
N_PROCESSES = 2


def promises(n_seeds: int) -> str:
    """Measure what thresholds keep."""
    pool = joblib.Parallel(n_jobs=N_PROCESSES)
    rows: list[promise.Row] = []
    for name in SETS:
        found = pool(joblib.delayed(_kept)(name, seed) for seed in range(n_seeds))
        rows += promise.rows(name, [one for some in found for one in some])
    return table(promise.HEAD, rows)


def _kept(name: str, seed: int) -> list[Kept]:
    return list(promise.iter_kept(SETS[name](), seed))


def paces(_: int) -> str:
    """Measure how long tags take."""
    return table(pace.HEAD, pace.iter_rows(range(N_PACED), seed=0))


PARTS: dict[str, Callable[[int], str]] = {"promise": promises, "pace": paces}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replaced(text: str, name: str, part: str) -> str:
    """Put a table into its place in a text, between two comments that name it."""
    start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}{part}{end}{after}"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("python -m tests.bench.trust", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how often each set is divided")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--write", action="store_true", help="put the tables into TRUST.md")
    asked = parser.parse_args()
    for name, part in _iter_parts(asked.only, asked.seeds):
        sys.stdout.write(f"{name}\n{part}\n\n")
        sys.stdout.flush()
        if asked.write:
            TRUST.write_text(replaced(TRUST.read_text(), name, part))


def _iter_parts(names: Sequence[str], n_seeds: int) -> Iterator[tuple[str, str]]:
    for name in names:
        yield name, PARTS[name](n_seeds)


if __name__ == "__main__":
    main()
