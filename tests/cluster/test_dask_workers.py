from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.engine import open_database
from shared.database.surveys import Standing
from shared.database.tables import Stands, ZipScoreCache
from shared.errors import Fate
from shared.flow.reading.slices import ReadingContext, iter_units
from shared.flow.reading.thumbnails import SIDE_PIXELS
from shared.flow.reading.workers import Workers, iter_results
from shared.hashing import content_digest
from shared.progress import Silence
from shared.records import Limits
from shared.results.thumbnails import ThumbnailFolder
from shared.sources.source import ArchiveSource
from tests.cluster.servers import Cluster
from tests.deadly import DeadlySource
from tests.worlds import png, zipped

Fates = list[tuple[str, Fate]]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ReadingContext]:
    source = DeadlySource(ArchiveSource(tmp_path, tmp_path / "none"), tmp_path / "killed")
    database = tmp_path / "zip_score_cache.sqlite"
    with open_database(database, ZipScoreCache):
        yield ReadingContext(source, Limits(), database, tmp_path, None, None)


def fates(context: ReadingContext, names: list[str], cluster: Cluster) -> Fates:
    path = context.database.parent / "a.zip" if isinstance(context.database, Path) else Path()
    path.write_bytes(zipped({name: png(i) for i, name in enumerate(names)}))
    standing = Standing(1, 1, str(path), str(path), len(names), Stands.NOTHING)
    results = iter_results(
        iter_units(standing, ()), context, Workers(1, cluster.address), Silence()
    )
    return [(r.place.name, r.fate) for _, result in results for r in result.readings]


def test_a_unit_is_read_again_when_its_worker_dies(
    context: ReadingContext, cluster: Cluster
) -> None:
    names = [f"{i}.png" for i in range(300)]
    names[200] = "once.png"
    assert fates(context, names, cluster) == [(name, Fate.PENDING) for name in names]


def test_a_cluster_makes_thumbnails_too(
    context: ReadingContext, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the output folder is named by a path from here, too."""
    folder = context.cache_folder
    monkeypatch.chdir(folder)
    names = [f"{i}.png" for i in range(3)]
    fates(replace(context, cache_folder=Path(), makes_thumbnails=True), names, cluster)
    thumbnails = ThumbnailFolder.of(folder)
    assert all(thumbnails.has(content_digest(png(i)), SIDE_PIXELS) for i in range(3))


def test_a_member_that_kills_one_worker_after_the_other_costs_itself_alone(
    context: ReadingContext, cluster: Cluster
) -> None:
    names = [f"{i}.png" for i in range(20)]
    names[7] = "deadly.png"
    expected = [(n, Fate.CRASHED if n == "deadly.png" else Fate.PENDING) for n in names]
    assert fates(context, names, cluster) == expected
