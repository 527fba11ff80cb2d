"""The bench of issue 5: images per second with more workers, rows per second into databases.

python -m tests.bench.scale [--images N] [--rounds N] [--rows N]
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from shared.metadata.formats import write_metadata
from tests.bench.corpora import Plan, write_archive
from tests.bench.entries import N_FEATURES
from tests.bench.measuring import ROOT, cost_of
from tests.bench.storing import Stored, stored
from tests.cluster.servers import dask_cluster
from tests.postgres import installed_programs, running_server

N_ARCHIVES = 8
AIMS = {"local": 1.8, "Dask": 1.6}
"""How many times the images per second of one worker two shall give."""


@dataclass(frozen=True)
class Corpus:
    """Archives of photos whose bytes nothing knows, so that all are decoded."""

    folder: Path
    n_images: int

    def images_per_second(self, *options: str) -> float:
        """Run stage 4 from nothing to the end."""
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            cost = cost_of(self._command(Path(output), *options))
        assert f"= scored {self.n_images}\n" in cost.stdout, cost.stdout
        return self.n_images / cost.seconds

    def _command(self, output: Path, *options: str) -> list[str]:
        return [
            sys.executable,
            str(ROOT / "stage4" / "classify_zip.py"),
            f"--directory={self.folder / 'zips'}",
            f"--metadata_json={self.folder / 'metadata.json'}",
            f"--model={self.folder / 'models'}",
            f"--output={output}",
            "--results=none",
            "--quiet",
            *options,
        ]


def build(folder: Path, n_images: int) -> Corpus:
    """Write archives, metadata without digests of files, and one classifier."""
    (folder / "zips").mkdir()
    size = n_images // N_ARCHIVES
    paths = [folder / "zips" / f"{number}.zip" for number in range(N_ARCHIVES)]
    plans = [Plan(path, 0, number * size, size) for number, path in enumerate(paths)]
    entries = [replace(e, file_sha256="") for plan in plans for e in write_archive(plan)]
    write_metadata(folder / "metadata.json", entries)
    write_classifier(folder / "models")
    return Corpus(folder, size * N_ARCHIVES)


def write_classifier(folder: Path) -> None:
    """Train on noise: what the scores say does not matter here."""
    rng = np.random.default_rng(5)
    fitted = LogisticRegression().fit(rng.normal(size=(20, N_FEATURES)), np.arange(20) % 2)
    folder.mkdir()
    form = {"classifier": fitted, "model_type": "ovr-logistic-regression", "tag": "bench"}
    joblib.dump(form, folder / "model-ovr-logistic-regression-tag-bench.pkl")


def iter_throughput(corpus: Corpus, n_rounds: int) -> Iterator[str]:
    """Measure all places in turn, as often as asked for, and tell ratios within each round."""
    figures: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        clusters = {}
        for n in (1, 2):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            clusters[n] = stack.enter_context(dask_cluster(folder, n)).address
        for _ in range(n_rounds):
            for n in (1, 2):
                local = corpus.images_per_second(f"--workers={n}")
                figures.setdefault(("local", n), []).append(local)
                remote = corpus.images_per_second(f"--dask_scheduler={clusters[n]}")
                figures.setdefault(("Dask", n), []).append(remote)
    for (name, n), found in figures.items():
        yield f"{name}, workers {n}: {statistics.median(found):.1f} images/s"
    for name, aim in AIMS.items():
        pairs = zip(figures[name, 2], figures[name, 1], strict=True)
        ratio = statistics.median(two / one for two, one in pairs)
        yield f"{name}, 2 workers to 1: {ratio:.2f} (aim: {aim})"


def iter_rows(folder: Path, n_rows: int) -> Iterator[str]:
    """Measure the databases."""
    yield from _told("SQLite", stored(folder / "rows.sqlite", n_rows))
    if not installed_programs():
        yield "PostgreSQL: not installed on this machine"
        return
    with running_server(durable=True) as server:
        yield from _told("PostgreSQL", stored(server.fresh_database(), n_rows))


def _told(name: str, found: Stored) -> Iterator[str]:
    for way, figure in found.rows_per_second.items():
        yield f"{name}, {way}: {figure:,.0f} rows/s"
    yield f"{name}: {found.bytes_per_row:,.0f} bytes a row"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--images", type=int, default=6400, help="pictures (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="repeats (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=200_000, help="rows (default: %(default)s)")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores")  # noqa: T201 - this is a command
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for line in iter_rows(folder, asked.rows):
            print(line, flush=True)  # noqa: T201
        for line in iter_throughput(build(folder, asked.images), asked.rounds):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
