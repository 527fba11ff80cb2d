"""Runs of stage 4 as a user starts them, each checked to have scored what it was given."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measuring import ROOT, Cost, cost_of, warm

N_CORES = os.cpu_count() or 1
_SCORED = re.compile(r"= scored (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What stage 4 is told; ``n_images`` pictures are in the archives, and all can be scored.

    ``project`` is the code that runs; ``more`` are further options.
    """

    archives: Path
    metadata: Path
    models: Path
    n_images: int
    results: str = "none"
    n_workers: int = N_CORES
    more: tuple[str, ...] = ()
    project: Path = ROOT

    def first(self, output: Path) -> Cost:
        """Run into a new output folder, with metadata that has never been loaded."""
        shutil.rmtree(output, ignore_errors=True)
        forget_index(self.metadata)
        return self.again(output)

    def again(self, output: Path) -> Cost:
        """Run into an output folder as it stands."""
        warm(self.archives, self.metadata)
        cost = cost_of(self.command(output))
        found = _SCORED.search(cost.stdout)
        if not found or int(found[1]) != self.n_images:
            raise ChildProcessError(f"{self.n_images} pictures to score, but: {cost.stdout}")
        return cost

    def command(self, output: Path) -> list[str]:
        """Spell the command."""
        return [
            sys.executable,
            str(self.project / "stage4" / "classify_zip.py"),
            f"--directory={self.archives}",
            f"--metadata_json={self.metadata}",
            f"--model={self.models}",
            f"--output={output}",
            f"--results={self.results}",
            f"--workers={self.n_workers}",
            *self.more,
            "--quiet",
        ]


def forget_index(metadata: Path) -> None:
    """Remove what an earlier load of a metadata file has left to speed up later ones."""
    metadata.with_name(f".{metadata.name}.vectors").unlink(missing_ok=True)


def database_of(output: Path) -> Path:
    """Name the database in an output folder."""
    return output / "zip_score_cache.sqlite"
