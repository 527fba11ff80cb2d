"""A review over a made collection: grids of millions of rows, likeness, thumbnails, learning.

python -m tests.bench.reviewing [--rows 10000000] [--vectors 1000000] [--learnt 100000]
"""

import argparse
import io
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from shared.database.engine import open_database
from shared.database.reviewing import PlacedPicture
from shared.database.scores import index_scores
from shared.database.tables import ZipScoreCache
from shared.hashing import content_digest
from shared.records import Limits
from shared.results.thumbnails import ThumbnailFolder
from shared.review.app import make_app
from shared.review.decoders import Decoders
from shared.review.guard import Admission
from shared.review.review import Review, ReviewRequest, opened_review
from shared.review.serving import allowed_hosts
from shared.review.tiles import Tiles
from tests.shared.review.desk import make_world
from tests.shared.review.load import N_AT_A_TIME, load
from tests.shared.review.served import inputs, serving
from tests.worlds import image_hash, zipped

N_TAGS = 5
N_FEATURES = 512
N_ARCHIVES = 1000
WARM_SECONDS, CROWD_SECONDS = 5, 20
ORIGIN = "http://127.0.0.1:8765"
WRITING = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": "application/json"}
KINDS = ("ovr-logistic-regression", "ovr-svm")
EMBEDDER = {"embeddings_type": "CLIP", "model": "made", "pretrained": "up"}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.bench.reviewing", description="Review.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--learnt", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def make_collection(
    output: Path, n_members: int, n_tags: int = N_TAGS, *, has_vectors: bool = False
) -> None:
    """Write a database as stage 4 leaves it, scored for a few tags by two classifiers each."""
    output.mkdir(parents=True)
    path = output / "zip_score_cache.sqlite"
    with open_database(path, ZipScoreCache):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        _write_members(database, n_members)
        if has_vectors:
            rng = np.random.default_rng(0)
            vectors = ((at + 1, rng.normal(size=N_FEATURES)) for at in range(n_members))
            rows = ((at, "CLIP made up", one.astype("<f4").tobytes()) for at, one in vectors)
            database.executemany("INSERT INTO embeddings VALUES (?, ?, ?)", rows)
        for number in range(2 * n_tags):
            _write_scores(database, number)
        database.commit()
    with open_database(path, ZipScoreCache) as opened:
        opened.run(index_scores, ZipScoreCache)


def _write_members(database: sqlite3.Connection, n_members: int) -> None:
    per_archive = -(-n_members // N_ARCHIVES)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {n_members})"
    archive = f"'/photos/' || (i / {per_archive}) || '.zip'"
    database.execute(
        "INSERT INTO containers (id, address, stamp, read_under, revision, reason, state, device,"
        " is_decided) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
        f"LIMIT {N_ARCHIVES}) SELECT i + 1, '/photos/' || i || '.zip', x'', x'', 1, '', 'read', 0,"
        " 1 FROM n"
    )
    database.execute(
        "INSERT INTO pictures (id, content_sha256, hash_id, mode, width, height, format, n_bytes)"
        f" {numbers} SELECT i + 1, CAST(printf('%032d', i) AS BLOB), printf('%0128x', i), 'RGB',"
        " 640, 480, 'JPEG', 100000 FROM n"
    )
    database.execute(
        "INSERT INTO members (id, container_id, entry, file_path, parent, file_name, fate, reason,"
        f" picture_id) {numbers} SELECT i + 1, i / {per_archive} + 1, i % {per_archive},"
        f" {archive} || '!/' || i || '.jpg', {archive}, i || '.jpg', 'scored', '', i + 1 FROM n"
    )


def _write_scores(database: sqlite3.Connection, number: int) -> None:
    """Write one classifier's rows; scores are low as a rule, as those of rare tags are."""
    tag, kind = f"tag-{number // 2}", KINDS[number % 2]
    name = f"model-{kind}-tag-{tag}"
    database.execute("INSERT INTO classifiers (id, model_name) VALUES (?, ?)", (number + 1, name))
    database.execute(
        "INSERT INTO zip_score_cache (member_id, classifier_id, file_name, file_path, type,"
        " hash_id, model_name, model_type, model_train_date, tag, tag_score, archive_path)"
        " SELECT m.id, ?, m.file_name, m.file_path, '.jpg', p.hash_id, ?, ?, NULL, ?,"
        " pow(abs(random()) / 9223372036854775807.0, 6), m.parent"
        " FROM members AS m JOIN pictures AS p ON p.id = m.picture_id",
        (number + 1, name, kind, tag),
    )
    if number % 2:
        told = (tag, number + 1, b"", 0.5, "recommended")
        columns = "tag, classifier_id, version, threshold, chosen_by"
        database.execute(f"INSERT INTO thresholds ({columns}) VALUES (?, ?, ?, ?, ?)", told)
        database.execute(
            "INSERT INTO decided (member_id, tag, container_id) SELECT s.member_id, s.tag,"
            " m.container_id FROM zip_score_cache AS s JOIN members AS m ON m.id = s.member_id"
            " WHERE s.classifier_id = ? AND s.tag_score >= 0.5 AND s.tag = ?",
            (number + 1, tag),
        )
    database.execute(
        "INSERT INTO scorings (container_id, classifier_id, version, complete, scored_through,"
        " n_rows) SELECT container_id, ?, x'', 1, max(id), count(*) FROM members"
        " GROUP BY container_id",
        (number + 1,),
    )


class Asking:
    """A browser that was let in, and a clock."""

    def __init__(self, client: TestClient, review: Review) -> None:
        self.client = client
        self.review = review

    def get(self, path: str) -> dict[str, object]:
        """Ask for something."""
        found = self.client.get(path)
        assert found.status_code == 200, found.text
        told: dict[str, object] = found.json()
        return told

    def post(self, path: str, body: object) -> dict[str, object]:
        """Write something."""
        found = self.client.post(path, content=json.dumps(body), headers=WRITING)
        assert found.status_code == 200, found.text
        told: dict[str, object] = found.json()
        return told


@contextmanager
def asking(output: Path) -> Iterator[Asking]:
    """Open a review of an output folder."""
    lists = output / "tags.json"
    own = lists if lists.exists() else None
    request = ReviewRequest(output, output / "metadata.json", own, Limits(), 2)
    admission = Admission()
    with opened_review(request) as review:
        app = make_app(review, allowed_hosts("127.0.0.1", 8765), admission)
        with TestClient(app, base_url=ORIGIN) as client:
            found = Asking(client, review)
            found.post("/session", {"token": admission.token})
            yield found


def milliseconds(work: Callable[[], object], n_rounds: int) -> str:
    """Time something, the first time apart."""
    taken = []
    for _ in range(n_rounds + 1):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return f"{statistics.median(taken[1:]):,.1f} ms (the first time {taken[0]:,.1f})"


def grids(folder: Path, n_rows: int, n_rounds: int) -> Iterator[str]:
    """Time what a page asks for first."""
    output = folder / "grids"
    make_collection(output, n_rows // (2 * N_TAGS))
    with asking(output) as ask:
        for number, (name, query) in enumerate(
            {
                "highest": "order=highest",
                "lowest": "order=lowest",
                "around": "order=around",
                "worth, without vectors": "order=worth",
                "one archive": "order=highest&archive=20",
                "not answered": "order=highest&answered=none",
            }.items()
        ):
            tag = number % N_TAGS + 1
            path = f"/api/tags/{tag}/pictures?{query}"
            yield f"first grid, {name}: {milliseconds(partial(ask.get, path), n_rounds)}"
        deep = "/api/tags/1/pictures?order=highest&after=WzAuMSwwLDUwMDAwXQ"  # [0.1, 0, 50000]
        yield f"a page far below: {milliseconds(lambda: ask.get(deep), n_rounds)}"
        yield f"bins: {milliseconds(lambda: ask.get('/api/tags/2/bins'), n_rounds)}"
        yield f"board: {milliseconds(lambda: ask.get('/api/board'), n_rounds)}"
        answers = {"answers": [{"picture": "z5", "answer": "yes"}]}
        write = "/api/tags/1/answers"
        yield f"an answer, on the disk: {milliseconds(lambda: ask.post(write, answers), n_rounds)}"
        yield f"archives: {milliseconds(lambda: ask.get('/api/archives'), n_rounds)}"
        yield f"search: {milliseconds(lambda: ask.get('/api/search?text=77.jpg'), n_rounds)}"
        yield f"memory: {_resident_mb():,.0f} MB"


def _resident_mb() -> float:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in one)
    return int(line.split()[1]) / 1024


def likeness(n_vectors: int, n_rounds: int) -> Iterator[str]:
    """Time one picture against all: what `Likeness.nearest` does before it asks a database."""
    vectors = np.empty((n_vectors, N_FEATURES), np.float32)
    rng = np.random.default_rng(0)
    for start in range(0, n_vectors, 10_000):
        vectors[start : start + 10_000] = rng.normal(size=vectors[start : start + 10_000].shape)

    def nearest() -> None:
        near = vectors @ vectors[1]
        np.argpartition(near, len(near) - 240)

    yield f"like, {n_vectors:,} vectors: {milliseconds(nearest, n_rounds)}"


def thumbnails(folder: Path, n_rounds: int) -> Iterator[str]:
    """Time a hundred thumbnails of a stored archive of photos, made and from the cache."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (100, 20, 30, 3), np.uint8)
    photos = {}
    for number, one in enumerate(coarse):
        file = io.BytesIO()
        Image.fromarray(one).resize((1500, 1000), Image.Resampling.BICUBIC).save(file, "JPEG")
        photos[f"{number}.jpg"] = file.getvalue()
    output = folder / "thumbnails"
    make_collection(output, 1000)
    archive = folder / "photos.zip"
    archive.write_bytes(zipped(photos))
    with asking(output) as ask, Decoders(Limits(), 2) as decoders:
        _, like = ask.review.gallery.find("z1")
        from dataclasses import replace

        wanted = [
            replace(
                like,
                container=str(archive),
                parent=str(archive),
                key=(number,),
                content_sha256=content_digest(content),
            )
            for number, content in enumerate(photos.values())
        ]
        warm = Tiles(ThumbnailFolder(folder / "warm"), decoders)
        for one in wanted[:2]:
            warm.make(one, 256).result()
        for size in (256, 1024):
            tiles = Tiles(ThumbnailFolder(folder / f"tiles-{size}"), decoders)
            start = time.perf_counter()
            asked = [tiles.make(one, size) for one in wanted]
            wait(asked)
            taken = 1000 * (time.perf_counter() - start)
            assert not [one.result().reason for one in asked if one.result().reason]
            yield f"100 thumbnails of {size}, made: {taken:,.0f} ms"
            time.sleep(0.5)
            again = milliseconds(partial(_found, tiles, wanted, size), n_rounds)
            yield f"100 thumbnails of {size}, from the cache: {again}"


def _found(tiles: Tiles, wanted: list[PlacedPicture], size: int) -> None:
    assert all(tiles.find(one, size) for one in wanted)


def learning(folder: Path, n_learnt: int) -> Iterator[str]:
    """Time a tag that is learnt anew over so many pictures."""
    output = folder / "learning"
    make_collection(output, n_learnt, 1, has_vectors=True)
    rng = np.random.default_rng(1)
    entries, lists = {}, {"tag-0": [], "tag-1": []}  # type: ignore[var-annotated]
    for number in range(2000):
        name = image_hash(_png(number))
        vector = rng.normal(size=N_FEATURES) + (number % 2) * 0.15
        entries[name] = {"embeddings_vector": vector.astype("f4").tolist(), **EMBEDDER}
        lists[f"tag-{number % 2}"].append(name)
    (output / "metadata.json").write_text(json.dumps(entries))
    (output / "tags.json").write_text(json.dumps(lists))
    with asking(output) as ask:
        start = time.perf_counter()
        ask.review.likeness.gather().join()
        yield f"vectors gathered: {time.perf_counter() - start:.1f} s"
        ask.review.learner.stand_by()
        time.sleep(10)
        tag = ask.review.tag_numbers()["tag-0"]
        start = time.perf_counter()
        learning = ask.post(f"/api/tags/{tag}/learn", {})["learning"]
        n_orders = 0
        while True:
            told = ask.get(f"/api/learnings/{learning}")
            if ask.review.learner.n_orders > n_orders:
                n_orders = ask.review.learner.n_orders
                ask.get(f"/api/tags/{tag}/pictures?order=highest")
                yield f"order {n_orders}: {time.perf_counter() - start:.2f} s"
            if told["state"] in ("done", "failed"):
                yield f"{told['state']}: {time.perf_counter() - start:.1f} s {told['error'] or ''}"
                return
            time.sleep(0.01)


def crowd(folder: Path) -> Iterator[str]:
    """Ask all kinds of things at a time, over the network."""
    world = make_world(folder / "crowd", 200)
    with serving(world.output, "--port=19765", *inputs(world)) as served:
        found = load(served, CROWD_SECONDS, WARM_SECONDS)
    taken = 1000 * statistics.median(found.taken)
    rate = len(found.taken) / (CROWD_SECONDS + WARM_SECONDS)
    first, last = (found.memory[at] / 2**20 for at in (0, -1))
    yield (
        f"{N_AT_A_TIME} requests at a time for {CROWD_SECONDS} s: {len(found.failed)} errors, "
        f"{rate:.0f} a second, {taken:.0f} ms each; memory {first:.0f} to {last:.0f} MB, "
        f"{found.growth:.3f} times that of the first third in the last"
    )


def _png(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (3, 2), (number % 256, number // 256, 7)).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for sentence in (
            line
            for lines in (
                crowd(place),
                thumbnails(place, given.rounds),
                learning(place, given.learnt),
                likeness(given.vectors, given.rounds),
                grids(place, given.rows, given.rounds),
            )
            for line in lines
        ):
            print(sentence, flush=True)  # noqa: T201
