"""One process embeds for all, and nothing but time is lost with it."""

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.errors import RunError
from shared.flow.reading import embedding
from shared.flow.reading.embedding import (
    EmbeddingProcess,
    RemoteEmbedder,
    _Asking,
    _iter_asked,
)
from shared.pictures.embedders.clip import GPU_BATCH, ClipEmbedder, ClipOptions, load_clip
from shared.pictures.embedders.tower import Embedded
from tests.clip_models.layout import write_folder
from tests.clip_models.pictures import pictures
from tests.shared.flow.reading.cards import NAME, OnCard

pytestmark = pytest.mark.slow

IMAGES = list(pictures().values())[:5]


@pytest.fixture
def embedder(tmp_path: Path) -> ClipEmbedder:
    folder = write_folder(tmp_path / "tower")
    return load_clip(ClipOptions(str(folder), precision="float32"))


@pytest.fixture
def expected(embedder: ClipEmbedder) -> NDArray[np.float32]:
    return embedder.embed(IMAGES)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    _Asking.forget()


def pid_of(process: EmbeddingProcess) -> int:
    assert process._process is not None
    assert process._process.pid is not None
    return process._process.pid


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_vectors_are_those_that_the_embedder_makes_itself(
    embedder: ClipEmbedder, expected: NDArray[np.float32]
) -> None:
    with EmbeddingProcess.of(embedder) as process:
        remote: RemoteEmbedder = pickle.loads(pickle.dumps(process.remote))
        assert remote.embed(IMAGES).tobytes() == expected.tobytes()
        assert remote.embed(IMAGES[:1]).tobytes() == expected[:1].tobytes()
        assert remote.name == embedder.name


def test_what_embeds_is_told_before_the_first_answer(embedder: ClipEmbedder) -> None:
    with EmbeddingProcess.of(embedder) as process:
        process.remote.embed(IMAGES[:1])
        assert list(process.iter_told()) == [f"embedding with {embedder.description}"]
        assert not list(process.iter_told())


def test_each_asker_gets_the_vectors_of_its_own_pictures(
    embedder: ClipEmbedder, expected: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = threading.local()

    def link_of_thread(remote: RemoteEmbedder) -> embedding.Link:
        if not hasattr(local, "link"):
            local.link = Client(remote.address, authkey=remote.key)
        found: embedding.Link = local.link
        return found

    with EmbeddingProcess.of(embedder) as process, ThreadPoolExecutor(3) as pool:
        process.remote.embed(IMAGES[:1])
        monkeypatch.setattr(_Asking, "to", link_of_thread)
        places = [number % len(IMAGES) for number in range(60)]
        found = pool.map(lambda place: process.remote.embed([IMAGES[place]]), places)
        for place, vectors in zip(places, found, strict=True):
            assert vectors.tobytes() == expected[place : place + 1].tobytes()


@pytest.mark.kill
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_one_that_is_killed_costs_nothing_but_time(
    embedder: ClipEmbedder, expected: NDArray[np.float32], sent: signal.Signals
) -> None:
    with EmbeddingProcess.of(embedder) as process:
        process.remote.embed(IMAGES)
        killed = pid_of(process)
        os.kill(killed, sent)
        assert process.remote.embed(IMAGES).tobytes() == expected.tobytes()
        assert pid_of(process) != killed


@pytest.mark.kill
def test_one_that_stands_still_is_replaced(
    embedder: ClipEmbedder, expected: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.flow.reading.processes.STOPPED_SECONDS", 0.3)
    with EmbeddingProcess.of(embedder) as process:
        process.remote.embed(IMAGES)
        os.kill(pid_of(process), signal.SIGSTOP)
        assert process.remote.embed(IMAGES).tobytes() == expected.tobytes()


@pytest.mark.kill
def test_one_that_always_dies_ends_the_run_with_one_sentence(
    embedder: ClipEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_serve", os.abort)
    with (
        EmbeddingProcess.of(embedder) as process,
        pytest.raises(RunError, match="it dies as soon as it starts"),
    ):
        process.remote.embed(IMAGES)


def test_what_the_tower_refuses_is_told_to_whoever_asks(embedder: ClipEmbedder) -> None:
    embedder.weights.write_bytes(b"<html>not found</html>")
    with EmbeddingProcess.of(embedder) as process:
        for _ in range(2):
            with pytest.raises(RunError, match="no ONNX file") as caught:
                process.remote.embed(IMAGES)
            assert caught.value.where == str(embedder.weights)
        assert not list(process.iter_told())


def test_nobody_without_the_key_is_answered(embedder: ClipEmbedder) -> None:
    with EmbeddingProcess.of(embedder) as process:
        process.remote.embed(IMAGES[:1])
        with pytest.raises(AuthenticationError):
            Client(process.remote.address, authkey=b"guessed")
        assert len(process.remote.embed(IMAGES)) == len(IMAGES)


def test_it_ends_with_the_run_and_leaves_nothing(embedder: ClipEmbedder) -> None:
    with EmbeddingProcess.of(embedder) as process:
        process.remote.embed(IMAGES[:1])
        pid = pid_of(process)
    assert not is_there(pid)
    assert not process.remote.folder.exists()


def test_a_folder_with_a_long_path_is_passed_over(
    embedder: ClipEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with EmbeddingProcess.of(embedder) as process:
        assert len(process.remote.embed(IMAGES)) == len(IMAGES)
    assert not list(long.iterdir())


def refuse(*_: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    "where", ["threading.Thread.start", "multiprocessing.context.SpawnProcess.start"]
)
def test_one_that_cannot_be_started_ends_the_run_with_one_sentence(
    embedder: ClipEmbedder, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(where, refuse)
    process = EmbeddingProcess.of(embedder)
    with pytest.raises(RunError, match="cannot be started"):
        process.__enter__()
    assert not process.remote.folder.exists()


def test_what_a_card_has_embedded_is_told_of_it(embedder: ClipEmbedder) -> None:
    with EmbeddingProcess.of(OnCard.of(embedder)) as process:
        for _ in range(2):
            process.remote.embed(IMAGES)
        sentence, *embedded = process.iter_told()
        process.remote.embed(IMAGES[:1])
        embedded += process.iter_told()
    assert f"on {NAME};" in str(sentence)
    counted = [one for one in embedded if isinstance(one, Embedded)]
    assert [one.n_images for one in counted] == [len(IMAGES), len(IMAGES), 1]
    assert all(one.seconds > 0 for one in counted)


def test_pixels_that_wait_go_to_a_card_in_its_own_batches(embedder: ClipEmbedder) -> None:
    on_card = OnCard.of(embedder)
    assert on_card.n_at_once == GPU_BATCH > embedder.n_at_once
    asked: SimpleQueue[tuple[Any, NDArray[np.uint8]]] = SimpleQueue()
    for _ in range(5):
        asked.put((None, np.zeros((64, 1, 1, 3), np.uint8)))
    assert len(list(_iter_asked(asked, on_card.n_at_once))) == 2
