"""Hostile, odd and good archives with the exact fate of every member; made when they are wanted.

Adding a line to one of the tables (`whole`, `entries`, `naming`, `nesting`) adds a test.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Fate
from tests.archive_cases.case import ITSELF, LIMITS, Case, fates_of
from tests.archive_cases.entries import ENTRIES
from tests.archive_cases.naming import NAMES
from tests.archive_cases.nesting import NESTING
from tests.archive_cases.pictures import PICTURES
from tests.archive_cases.whole import WHOLE
from tests.archive_cases.zips import Part, zip_of

__all__ = [
    "CASES",
    "ITSELF",
    "LIMITS",
    "PICTURES",
    "Case",
    "WrittenCase",
    "fates_of",
    "write_cases",
]

CASES: tuple[Case, ...] = (*WHOLE, *ENTRIES, *NAMES, *NESTING)


@dataclass(frozen=True)
class WrittenCase:
    """A case on disk, in a folder of its own beside a good archive of ``n_good`` pictures.

    ``fates`` counts those of the members; ``refusal`` is the archive's own where it is refused as
    a whole, and is counted in ``fates`` too. All hold under `LIMITS`.
    """

    path: Path
    fates: Mapping[Fate, int]
    refusal: Fate | None
    good: Path
    n_good: int


def write_cases(folder: Path) -> list[WrittenCase]:
    """Write every case below a folder, each beside a good archive of all of `PICTURES`."""
    return [_written(case, folder / case.name) for case in CASES]


def _written(case: Case, folder: Path) -> WrittenCase:
    folder.mkdir(parents=True)
    path, good = folder / case.file_name, folder / "good.zip"
    path.write_bytes(case.build())
    good.write_bytes(zip_of(*(Part(f"{n}.png", p) for n, p in enumerate(PICTURES))))
    return WrittenCase(
        path, Counter(case.fates.values()), case.fates.get(ITSELF), good, len(PICTURES)
    )
