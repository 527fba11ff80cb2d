"""On each machine of a cluster one process embeds, whatever becomes of the workers there."""

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.engine import open_database
from shared.database.surveys import Standing
from shared.database.tables import Stands, ZipScoreCache
from shared.flow.reading.slices import ReadingContext, iter_units
from shared.flow.reading.workers import Workers, iter_results
from shared.pictures.embedders.clip import ClipEmbedder, ClipOptions, load_clip
from shared.records import Limits
from shared.sources.source import ArchiveSource
from tests.clip_models.layout import write_folder
from tests.cluster.servers import Cluster
from tests.shared.flow.reading.cards import NAME, OnCard
from tests.shared.flow.scenes import Told
from tests.worlds import png, zipped

pytestmark = [pytest.mark.server, pytest.mark.slow]

N_PICTURES = 1100


class Listening(Told):
    """Remembers what cards have done."""

    n_embedded = 0

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        assert machine == socket.gethostname()
        assert seconds > 0
        self.n_embedded += n_images


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ReadingContext]:
    tower = write_folder(tmp_path / "tower")
    embedder = load_clip(ClipOptions(str(tower), precision="float32"))
    pictures = {f"{i}.png": png(i) for i in range(N_PICTURES)}
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips/a.zip").write_bytes(zipped(pictures))
    database = tmp_path / "zip_score_cache.sqlite"
    source = ArchiveSource(tmp_path / "zips", tmp_path / "none")
    with open_database(database, ZipScoreCache):
        yield ReadingContext(source, Limits(), database, tmp_path, None, embedder)


def vectors(
    context: ReadingContext,
    workers: Workers,
    told: Told,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[bytes]:
    path = str(context.cache_folder / "zips/a.zip")
    units = iter_units(Standing(1, 1, path, path, N_PICTURES, Stands.NOTHING), ())
    found = []
    for _, result in iter_results(units, context, workers, told):
        meanwhile()
        for reading in result.readings:
            assert reading.vector is not None
            found.append(reading.vector.tobytes())
    return found


def leader() -> int:
    """The worker that has the process which embeds: it holds the lock."""
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            held = str(path.readlink())
            if "/embedding-" in held and held.endswith(".lock"):
                return int(path.parts[2])
    raise AssertionError("nobody leads")


def sockets() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"embedding-{'?' * 32}*"))


def test_workers_of_one_machine_have_one_tower_and_give_the_vectors_of_one_process(
    context: ReadingContext, cluster: Cluster
) -> None:
    expected = vectors(context, Workers(1), Told())
    told = Told()
    assert vectors(context, Workers(1, cluster.address), told) == expected
    assert isinstance(context.embedder, ClipEmbedder)
    sentence = f"{socket.gethostname()}: embedding with {context.embedder.description}"
    assert told.said == [sentence]
    assert not sockets()


@pytest.mark.kill
def test_where_the_worker_that_has_the_process_is_killed_another_one_starts_it(
    context: ReadingContext, cluster: Cluster
) -> None:
    expected = vectors(context, Workers(1), Told())
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(leader())
            os.kill(killed[0], signal.SIGKILL)

    told = Told()
    assert vectors(context, Workers(1, cluster.address), told, kill) == expected
    assert killed
    assert not sockets()


def test_a_card_of_each_machine_is_counted(context: ReadingContext, cluster: Cluster) -> None:
    assert isinstance(context.embedder, ClipEmbedder)
    told = Listening()
    on_card = replace(context, embedder=OnCard.of(context.embedder))
    assert len(vectors(on_card, Workers(1, cluster.address), told)) == N_PICTURES
    assert 0 < told.n_embedded <= N_PICTURES  # the last of it may come when nobody asks any more
    assert f" on {NAME};" in told.said[0]
