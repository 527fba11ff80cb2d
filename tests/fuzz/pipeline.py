"""Damaged pictures inside archives, through the whole of stage 4."""

import sqlite3
import tempfile
from collections import Counter
from pathlib import Path

from shared.errors import Fate
from tests.fuzz.mutations import mutations
from tests.picture_cases.cases import GOOD
from tests.worlds import World, png, zipped

PICTURES_PER_ARCHIVE = 100


def run(n_cases: int, seed: int = 0) -> Counter[Fate]:
    """Score so many damaged pictures in archives, and count what became of them.

    Raises
    ------
    AssertionError
        If the run ends otherwise than with 0 or 3, says anything but its summary, or loses one.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.train("cat")
        world.know(png(1))
        corpus = [case.build() for case in GOOD]
        for start in range(0, n_cases, PICTURES_PER_ARCHIVE):
            numbers = range(start, min(start + PICTURES_PER_ARCHIVE, n_cases))
            members = {f"{n}.png": mutations(corpus[n % len(corpus)], seed + n) for n in numbers}
            (world.zips / f"{start}.zip").write_bytes(zipped(members))
        ended = world.classify("--results=none")
        assert ended.exit_code in {0, 3}, ended
        assert ended.stderr == "", ended
        with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
            rows = database.execute("SELECT fate, count(*) FROM members GROUP BY fate").fetchall()
    counts = Counter({Fate(fate): count for fate, count in rows})
    assert counts.total() == n_cases, counts
    return counts
