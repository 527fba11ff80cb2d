"""Worker processes that read units, replaced when one dies, ended when the command ends."""

import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from types import TracebackType
from typing import Any, Protocol, Self

from shared.units import Reader, ReadingContext, Unit, UnitResult

ORPHAN_CHECK_SECONDS = 0.5

_reader: Reader | None = None


class Pending(Protocol):
    """A unit that is being read elsewhere."""

    def result(self) -> UnitResult:
        """Wait for the unit; raise `BrokenExecutor` where those who read it died."""


class Units(Protocol):
    """Workers, wherever they are."""

    @property
    def n_workers(self) -> int:
        """How many units are read at a time."""

    def submit(self, unit: Unit) -> Pending:
        """Have a unit read."""


class Pool:
    """Worker processes that are replaced when one of them dies."""

    def __init__(self, context: ReadingContext, n_workers: int) -> None:
        self._context = context
        self.n_workers = n_workers
        self._executor: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._executor:
            self._executor.shutdown(kill_workers=kind is not None)

    def submit(self, unit: Unit) -> Future[UnitResult]:
        """Have a unit read; its future raises `BrokenExecutor` where a worker dies meanwhile."""
        try:
            future: Future[UnitResult] = self._running().submit(_read, unit)
        except BrokenExecutor:
            self._executor.shutdown(kill_workers=True)
            self._executor = None
            future = self._running().submit(_read, unit)
        return future

    def _running(self) -> Any:  # noqa: ANN401 - loky ships no types
        if self._executor is None:
            from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow to import

            self._executor = ProcessPoolExecutor(
                self.n_workers,
                initializer=_start_worker,
                initargs=(self._context, os.getpid()),
                env={"OMP_NUM_THREADS": "1"},
            )
        return self._executor


def _start_worker(context: ReadingContext, parent: int) -> None:
    global _reader  # noqa: PLW0603 - a worker process has one, for all of its units
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all; the command stops its workers
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _reader = Reader(context).__enter__()


def _end_with(parent: int) -> None:
    """End this worker when the command that started it is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    os._exit(1)


def _read(unit: Unit) -> UnitResult:
    assert _reader
    return _reader.read(unit)
