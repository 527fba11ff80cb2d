"""What a Dask cluster's workers run: this project's reading, one unit at a time per process.

Units, contexts and results come and go as bytes, so that the scheduler, which looks into what it
passes on, needs nothing of this project.
"""

import pickle
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.process import current_process
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from shared.errors import RunError
from shared.flow.reading.embedding import (
    RETRY_SECONDS,
    EmbeddingProcess,
    LostError,
    RemoteEmbedder,
    Told,
    Vectors,
    temporary_folder,
)
from shared.flow.reading.slices import Reader, ReadingContext, Unit, UnitResult
from shared.pictures.embedders.clip import ClipEmbedder
from shared.records import EmbedderName

if TYPE_CHECKING:
    from PIL.Image import Image

_one_at_a_time = Lock()
_open: dict[str, Reader] = {}


@dataclass(frozen=True, slots=True)
class MachineEmbedder:
    """An embedder whose tower is open once on each machine of a cluster. Picklable.

    One of the machine's workers has a process that embeds for all of them, and where that worker
    goes, another one. ``run`` is a text of the run's own, ``key`` opens a connection, ``n_threads``
    tells by a machine's name how many threads its workers were given.
    """

    own: ClipEmbedder
    run: str
    key: bytes
    n_threads: Mapping[str, int]

    @property
    def name(self) -> EmbedderName:
        """What the metadata calls it."""
        return self.own.name

    @property
    def description(self) -> str:
        """What computes, and where."""
        return f"{self.name} in a process of each machine"

    def embed(self, images: Sequence["Image"]) -> Vectors:
        """Shrink pictures here, and wait for their vectors from there.

        Raises
        ------
        RunError
            What the tower raised, or that the process cannot be kept alive.
        """
        folder = temporary_folder() / f"embedding-{self.run}"
        remote = RemoteEmbedder(self.own, folder, self.key)
        pixels = self.own.pixels(images)
        while True:
            _Lead.try_to_take(remote, self.n_threads.get(socket.gethostname()))
            try:
                return remote.ask(pixels)
            except LostError as error:
                if _Lead.process:
                    remote.check_it_can_live(error)
                time.sleep(RETRY_SECONDS)


class _Lead:
    """What the one worker of its machine has that keeps the process which embeds for all."""

    process: EmbeddingProcess | None = None
    opened = ExitStack()

    @classmethod
    def try_to_take(cls, remote: RemoteEmbedder, n_threads: int | None) -> None:
        """Start the process, unless another worker keeps one: its lock goes with that worker."""
        if cls.process:
            return
        lock = Path(f"{remote.folder}.lock")
        try:
            cls.opened.enter_context(FileLock(lock, timeout=0))
        except Timeout:
            return
        cls.opened.callback(_unlinked, lock)
        remote.folder.mkdir(mode=0o700, exist_ok=True)
        # Dask's nannies mark workers as processes that may start none. This one ends with them.
        current_process()._config["daemon"] = False  # type: ignore[attr-defined] # noqa: SLF001
        cls.process = cls.opened.enter_context(EmbeddingProcess(remote, n_threads))

    @classmethod
    def leave(cls) -> None:
        """End the process, if it is this worker's; another worker may start one."""
        cls.process = None
        cls.opened.close()


def read_packed(run: str, context: bytes, unit: bytes) -> bytes:
    """Read a unit for a run, which is told by a text of its own.

    Returns
    -------
    bytes
        A pickled pair: a `UnitResult`, or the `RunError` that ends the run; and what this machine
        has to tell, with its name.
    """
    with _one_at_a_time:
        result = _read(run, pickle.loads(context), pickle.loads(unit))  # noqa: S301
        return pickle.dumps((result, list(_iter_told())))


def forget(run: str) -> None:
    """Close what has been opened for a run."""
    with _one_at_a_time:
        if reader := _open.pop(run, None):
            reader.__exit__(None, None, None)
        _Lead.leave()


def _read(run: str, context: ReadingContext, unit: Unit) -> UnitResult | RunError:
    try:
        if run not in _open:
            _open[run] = Reader(context).__enter__()
        return _open[run].read(unit)
    except RunError as error:
        return error


def _iter_told() -> Iterator[tuple[str, Told]]:
    if _Lead.process:
        for told in _Lead.process.iter_told():
            yield socket.gethostname(), told


def _unlinked(lock: Path) -> None:
    with suppress(OSError):
        lock.unlink()
