"""One process that embeds what all workers of this machine have decoded.

A tower takes memory, and a context of a card, in every process that opens it. So one process does,
and workers send it pixels. Nothing is lost with it: where it dies it is replaced, and what waits
for an answer asks again.
"""

import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError, get_context, resource_tracker
from multiprocessing.connection import Client, Connection, Listener
from multiprocessing.context import SpawnProcess
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunError
from shared.flow.reading.processes import (
    CHECKS,
    REMEDY,
    Stillness,
    end_with,
    interrupts_blocked,
)
from shared.pictures.embedders.clip import ClipEmbedder
from shared.pictures.embedders.tower import Embedded
from shared.records import EmbedderName

if TYPE_CHECKING:
    from PIL.Image import Image

WATCH_SECONDS = 0.2
RETRY_SECONDS = 0.05
BACKLOG = 128
_MAX_SOCKET_PATH = 100
"""The kernel's own limit is 107."""
_WHERE = "the process that embeds"
_TEMPORARY = "embedding-"

Pixels: TypeAlias = NDArray[np.uint8]
Vectors: TypeAlias = NDArray[np.float32]
Link: TypeAlias = "Connection[Any, Any]"
Told: TypeAlias = str | Embedded
"""A sentence for the user, or what a GPU has done; of a processor nobody tells that."""


class LostError(Exception):
    """The process has gone before it answered."""


@dataclass(frozen=True, slots=True)
class RemoteEmbedder:
    """An embedder whose tower is in the one process for it. Picklable.

    ``folder`` is there as long as the process is, or is started anew; ``key`` opens a connection.
    """

    own: ClipEmbedder
    folder: Path
    key: bytes

    @property
    def address(self) -> str:
        """Where the process listens."""
        if sys.platform == "win32":
            return rf"\\.\pipe\{self.folder.name}"
        return str(self.folder / "socket")

    @property
    def name(self) -> EmbedderName:
        """What the metadata calls it."""
        return self.own.name

    @property
    def description(self) -> str:
        """What computes, and where."""
        return f"{self.name} in a process of its own"

    def embed(self, images: Sequence["Image"]) -> Vectors:
        """Shrink pictures here, and wait for their vectors from there.

        Raises
        ------
        RunError
            What the tower raised, or that the process cannot be kept alive.
        """
        pixels = self.own.pixels(images)
        while True:
            try:
                return self.ask(pixels)
            except LostError as error:
                self.check_it_can_live(error)
                time.sleep(RETRY_SECONDS)

    def ask(self, pixels: Pixels) -> Vectors:
        """Wait for the vectors of shrunken pictures.

        Raises
        ------
        LostError
            Where the process has gone; another one may be coming.
        RunError
            What the tower raised.
        """
        try:
            link = _Asking.to(self)
            link.send(pixels)
            answer = link.recv()
        except (EOFError, OSError, AuthenticationError) as error:
            _Asking.forget()
            raise LostError from error
        if isinstance(answer, RunError):
            raise answer
        return np.asarray(answer, np.float32)

    def check_it_can_live(self, lost: LostError) -> None:
        """End the run where no other process comes any more."""
        if not self.folder.exists():
            raise RunError(_WHERE, "it dies as soon as it starts", REMEDY) from lost


class _Asking:
    """The connection that a worker has to the process that embeds."""

    address: str = ""
    link: "Link | None" = None

    @classmethod
    def to(cls, remote: RemoteEmbedder) -> Link:
        if cls.link is None or cls.address != remote.address:
            cls.forget()
            cls.link = Client(remote.address, authkey=remote.key)
            cls.address = remote.address
        return cls.link

    @classmethod
    def forget(cls) -> None:
        if cls.link is not None:
            cls.link.close()
        cls.link = None


class EmbeddingProcess:
    """Starts the process, replaces it where it dies or stands still, and ends it.

    Where it computes on the processor it takes ``n_threads``, or as many as there are cores at hand
    where that is None.
    """

    def __init__(self, remote: RemoteEmbedder, n_threads: int | None = None) -> None:
        self.remote = remote
        self._folder = remote.folder
        self._n_threads = n_threads
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._told: list[Told] = []
        self._listening = threading.Lock()
        self._process: SpawnProcess | None = None
        self._notes: Link | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
            self._watcher.start()
        except (OSError, RuntimeError) as error:  # no thread can be started, either
            self._end()
            raise RunError(_WHERE, f"it cannot be started ({error})", REMEDY) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._watcher.join()
        self._end()

    @classmethod
    def of(cls, embedder: ClipEmbedder) -> Self:
        """Make the process of this run."""
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=temporary_folder()))
        return cls(RemoteEmbedder(embedder, folder, token_bytes(32)))

    def iter_told(self) -> Iterator[Told]:
        """Yield what it has had to tell since it was last asked; it tells before it answers."""
        self._listen()
        with self._listening:
            told, self._told = self._told, []
        yield from told

    def _listen(self) -> bool:
        """Take what it tells now; return whether it was anything."""
        n_before = len(self._told)
        with self._listening, suppress(EOFError, OSError):
            while self._notes and self._notes.poll():
                self._told.append(self._notes.recv())
        return len(self._told) > n_before

    def _start(self) -> None:
        resource_tracker.ensure_running()  # now, as it would let interrupts through again
        context = get_context("spawn")
        self._notes, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_serve, args=(self.remote, self._n_threads, theirs), daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process and self._process.pid:
            self._process.kill()
            self._process.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        n_deaths = 0
        still = Stillness()
        while not self._ending.wait(WATCH_SECONDS):
            assert self._process is not None
            if self._listen():
                n_deaths = 0
            if self._process.is_alive():
                still.end_what_stands([self._process.pid or 0])
                continue
            n_deaths += 1
            if n_deaths == CHECKS:
                break
            with suppress(OSError, RuntimeError):
                self._start()
        if not self._ending.is_set():
            shutil.rmtree(self._folder, ignore_errors=True)


def temporary_folder() -> Path:
    """Where processes of this machine meet: the path of a socket has to be short."""
    folder = Path(tempfile.gettempdir())
    longest = folder / f"{_TEMPORARY}{'x' * 32}" / "socket"
    return folder if len(str(longest)) <= _MAX_SOCKET_PATH else Path("/tmp")  # noqa: S108


def _serve(remote: RemoteEmbedder, n_threads: int | None, notes: Link) -> None:
    """Open the tower and answer whoever asks, until this process is ended."""
    if n_threads:
        os.environ["OMP_NUM_THREADS"] = str(n_threads)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    embedder = remote.own
    asked: queue.SimpleQueue[tuple[Link, Pixels]] = queue.SimpleQueue()
    if sys.platform != "win32":
        Path(remote.address).unlink(missing_ok=True)  # one that died has left it
    with Listener(remote.address, backlog=BACKLOG, authkey=remote.key) as listener:
        threading.Thread(target=_accept, args=(listener, asked), daemon=True).start()
        failure: RunError | None = None
        card, n_at_once = "", 1
        try:
            card, n_at_once = embedder.card, embedder.n_at_once
            notes.send(f"embedding with {embedder.description}")
        except RunError as error:
            failure = error
        most = None
        while True:
            links, pixels = zip(*_iter_asked(asked, n_at_once), strict=True)
            answers = [failure] * len(links) if failure else _answers(embedder, pixels)
            if card:
                notes.send(embedder.take_embedded())
            if not failure and embedder.most != most:
                most = embedder.most
                notes.send(f"no memory for more than {most} images at once: in smaller batches")
            for link, answer in zip(links, answers, strict=True):
                with suppress(OSError):
                    link.send(answer)


def _accept(listener: Listener, asked: "queue.SimpleQueue[tuple[Link, Pixels]]") -> None:
    while True:
        with suppress(EOFError, OSError, AuthenticationError):
            link = listener.accept()
            threading.Thread(target=_receive, args=(link, asked), daemon=True).start()


def _receive(link: Link, asked: "queue.SimpleQueue[tuple[Link, Pixels]]") -> None:
    with suppress(EOFError, OSError), link:
        while True:
            asked.put((link, link.recv()))


def _iter_asked(
    asked: "queue.SimpleQueue[tuple[Link, Pixels]]", n_wanted: int
) -> Iterator[tuple[Link, Pixels]]:
    """Wait for something to do, and take what else is waiting, as much as one batch holds."""
    n_images = 0
    with suppress(queue.Empty):
        while n_images < n_wanted:
            link, pixels = asked.get(block=not n_images)
            yield link, pixels
            n_images += max(1, len(pixels))


def _answers(embedder: ClipEmbedder, asked: Sequence[Pixels]) -> Sequence[Vectors | RunError]:
    try:
        vectors = embedder.vectors(np.concatenate(asked))
    except RunError as error:
        return [error] * len(asked)
    ends = np.cumsum([len(pixels) for pixels in asked])
    return np.split(vectors, ends[:-1])
