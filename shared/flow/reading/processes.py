"""Worker processes that read units, replaced when one dies, ended when the command ends."""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.util import Finalize
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from shared.errors import Fate, RunError
from shared.flow.reading.slices import Reader, ReadingContext, Unit, UnitResult, iter_held
from shared.records import Skipped

ORPHAN_CHECK_SECONDS = 0.2
CHECKS = 3
"""So many workers must die as soon as they start: a stranger may have killed one of them."""
_WHERE = "worker processes"
_REMEDY = "Close other programs, or read in one process with --workers=1."

Answer = TypeVar("Answer")


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
        """Have a unit read; its future raises `BrokenExecutor` where a worker dies meanwhile.

        Raises
        ------
        RunError
            Where no worker can be started.
        """
        return self._submit(_read, unit)

    def submit_listing(self, unit: Unit) -> Future[list[Skipped]]:
        """Have it listed what a unit holds, without reading any of it."""
        return self._submit(_list, unit)

    def check(self) -> None:
        """Make sure that a worker lives until it is given something to read.

        Raises
        ------
        RunError
            Where it does not.
        """
        for n_left in reversed(range(CHECKS)):
            try:
                self._submit(_open_reader).result()
            except (BrokenExecutor, MemoryError) as error:
                if not n_left:
                    raise RunError(_WHERE, "they die as soon as they start", _REMEDY) from error
            else:
                return

    def _submit(self, task: Callable[..., Answer], *args: object) -> Future[Answer]:
        try:
            return self._submit_once(task, *args)
        except BrokenExecutor:
            self._executor.shutdown(kill_workers=True)
            self._executor = None
            return self._submit_once(task, *args)

    def _submit_once(self, task: Callable[..., Answer], *args: object) -> Future[Answer]:
        try:
            executor = self._running()
            with _interrupts_blocked():
                future: Future[Answer] = executor.submit(task, *args)
        except (OSError, ImportError, NotImplementedError) as error:
            raise RunError(_WHERE, f"they cannot be started ({error})", _REMEDY) from error
        return future

    def _running(self) -> Any:  # noqa: ANN401 - loky ships no types
        if self._executor is None:
            from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow to import

            resource_tracker.ensure_running()  # now, as it would let interrupts through again
            # What loky tells of workers that ended is known here, and said better.
            warnings.filterwarnings("ignore", module=r"joblib\.externals\.loky")
            self._executor = ProcessPoolExecutor(
                self.n_workers,
                initializer=_start_worker,
                initargs=(self._context, os.getpid()),
                env={"OMP_NUM_THREADS": "1"},
            )
        return self._executor


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Have the processes that are started in the block never see Ctrl-C: the command ends them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """What a worker process has, for all of its units."""

    context: ReadingContext
    reader: Reader | None = None


def _start_worker(context: ReadingContext, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _Worker.context = context


def _end_with(parent: int) -> None:
    """End this worker when the command that started it is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    os._exit(1)


def _open_reader() -> None:
    """Open what reading takes. Where that fails, the failure is told: the worker lives on."""
    if _Worker.reader is None:
        reader = _Worker.reader = Reader(_Worker.context).__enter__()
        # SQLite's log beside a database goes when its last connection is closed, not when it ends.
        Finalize(None, reader.__exit__, exitpriority=0)


def _read(unit: Unit) -> UnitResult:
    _open_reader()
    assert _Worker.reader
    return _Worker.reader.read(unit)


def _list(unit: Unit) -> list[Skipped]:
    return [Skipped(member.place, Fate.CRASHED) for member in iter_held(unit, _Worker.context)]
