"""Pages of a results folder: seconds, files and bytes, by pictures and tags.

python -m tests.bench.pages [--images 100000] [--folder a folder that is kept]
"""

import argparse
import itertools
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import orjson

from shared.batching import iter_batches
from shared.database.decisions import InForce, decide, put_in_force
from shared.database.engine import Connection, Database, open_database
from shared.database.scores import index_scores, write_rows
from shared.database.tables import ZipScoreCache
from shared.flow.pages import ShelvedScores, write_pages
from shared.flow.shelves import Shelves
from tests.bench.storing import (
    N_CLASSIFIERS,
    TRANSACTION_ROWS,
    Row,
    iter_score_rows,
    prepare_members,
)

THRESHOLD = 0.5
SHARE = 0.05
"""Of the pictures a tag is decided for so many."""
HOME = "/collections/photos"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.bench.pages", description="Write pages.")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where database and pages are kept")
    return parser.parse_args()


def iter_scored(n_images: int) -> Iterator[Row]:
    """Yield the rows of a collection in which few pictures have a tag, and few are in doubt."""
    rng = random.Random(0)
    for member, classifier, *facts in iter_score_rows(n_images):
        side = rng.random() < SHARE
        score = 1 - rng.betavariate(0.4, 3) / 2 if side else rng.betavariate(0.4, 3) / 2
        *before, _, archive = facts
        yield member, classifier, *before, score, archive


def prepare(database: Database, n_images: int, folder: Path) -> None:
    """Score and decide a collection, and list its pictures in a results folder."""
    database.run(prepare_members, n_images)
    for rows in iter_batches(iter_scored(n_images), TRANSACTION_ROWS):
        database.run(write_rows, ZipScoreCache, rows)
    database.run(index_scores, ZipScoreCache)

    def decided(connection: Connection) -> None:
        tags = range(N_CLASSIFIERS)
        in_force = [InForce(f"tag-{i}", i + 1, b"", THRESHOLD, "recommended") for i in tags]
        put_in_force(connection, in_force, {})
        decide(connection, ZipScoreCache)

    database.run(decided)
    folder.mkdir()
    (folder / "output.json").write_bytes(b"[\n" + b",\n".join(_iter_lines(n_images)) + b"\n]\n")


def _iter_lines(n_images: int) -> Iterator[bytes]:
    """Yield what a run notes of each picture in a results folder."""
    for (file_path, name, hash_id), rows in itertools.groupby(
        iter_scored(n_images), key=itemgetter(3, 2, 5)
    ):
        scores = {row[6]: row[10] for row in rows}
        told = {"hash_id": hash_id, "file_path": file_path, "image_file": name, "scores": scores}
        yield orjson.dumps(told)


def measure(work: Path, n_images: int) -> str:
    """Write all pages, and say what that took."""
    folder = work / "results"
    numbers = range(N_CLASSIFIERS)
    shelves = Shelves(
        [f"classifier-{i}" for i in numbers],
        [f"tag-{i}" for i in numbers],
        [f"ovr-svm/tag-{i}" for i in numbers],
        10,
    )
    shown = ShelvedScores(ZipScoreCache, shelves, {})
    with open_database(work / "zip_score_cache.sqlite", ZipScoreCache) as database:
        if not folder.exists():
            prepare(database, n_images, folder)
        for path in folder.glob("pages*"):
            shutil.rmtree(path)
        start = time.perf_counter(), time.process_time()
        write_pages(database, shown, folder, HOME, new=True)
        seconds, of_core = time.perf_counter() - start[0], time.process_time() - start[1]
    sizes = [path.stat().st_size for path in folder.rglob("*.html")]
    each = 1e6 * of_core / n_images / N_CLASSIFIERS
    return (
        f"{n_images:,} pictures, {N_CLASSIFIERS} tags: {seconds:.1f} s,"
        f" {of_core:.1f} s of one core, {each:.1f} microseconds per picture and tag;"
        f" {len(sizes):,} pages, {sum(sizes) / 1e6:,.1f} MB"
    )


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as made:
        print(measure(given.folder or Path(made), given.images))  # noqa: T201
