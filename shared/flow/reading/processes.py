"""Worker processes that read units, replaced when one dies, ended when the command ends.

Whoever waits for one looks every second whether what it waits for can still come.
"""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.util import Finalize
from typing import Any, Generic, Protocol, Self, TypeVar

from shared.errors import Fate, RunError
from shared.flow.reading.slices import Reader, ReadingContext, Unit, UnitResult, iter_held
from shared.records import Skipped

ORPHAN_CHECK_SECONDS = 0.2
WAIT_SECONDS = 1
"""How long is waited for a worker before it is seen whether it can still answer."""
STOPPED_SECONDS = 5
"""A worker that stands still for longer than a stopped command takes to go on is replaced."""
ENDING_SECONDS = 5
"""What workers have to close their databases in when all is read."""
CHECKS = 3
"""So many workers must die as soon as they start: a stranger may have killed one of them."""
_WHERE = "worker processes"
REMEDY = "Close other programs, or read in one process with --workers=1."

Answer = TypeVar("Answer")


class Pending(Protocol):
    """A unit that is being read elsewhere."""

    def result(self) -> UnitResult:
        """Wait for the unit; raise `BrokenExecutor` where those who read it died."""


class UnitReaders(Protocol):
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

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor:
            _end(self._executor, at_once=kind is not None)

    def submit(self, unit: Unit) -> "_Awaited[UnitResult]":
        """Have a unit read; its result raises `BrokenExecutor` where a worker dies meanwhile.

        Raises
        ------
        RunError
            Where no worker can be started.
        """
        return self._submit(_read, unit)

    def submit_listing(self, unit: Unit) -> "_Awaited[list[Skipped]]":
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
                    raise RunError(_WHERE, "they die as soon as they start", REMEDY) from error
            else:
                return

    def _submit(self, task: Callable[..., Answer], *args: object) -> "_Awaited[Answer]":
        try:
            return self._submit_once(task, *args)
        except BrokenExecutor:
            _end(self._executor, at_once=True)
            self._executor = None
            return self._submit_once(task, *args)

    def _submit_once(self, task: Callable[..., Answer], *args: object) -> "_Awaited[Answer]":
        try:
            executor = self._running()
            with interrupts_blocked():
                future: Future[Answer] = executor.submit(task, *args)
        except BrokenExecutor:
            raise
        except (OSError, ImportError, RuntimeError) as error:  # no thread can be started, either
            raise RunError(_WHERE, f"they cannot be started ({error})", REMEDY) from error
        return _Awaited(future, executor)

    def _running(self) -> Any:  # noqa: ANN401 - loky ships no types
        if self._executor is None:
            from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow to import

            resource_tracker.ensure_running()  # now, as it would let interrupts through again
            # What loky tells of workers that ended is known here, and said better.
            warnings.filterwarnings("ignore", module=r"joblib\.externals\.loky")
            if threading.excepthook is not _told_by_the_pool:
                _Told.others = threading.excepthook
                threading.excepthook = _told_by_the_pool
            self._executor = ProcessPoolExecutor(
                self.n_workers,
                initializer=_start_worker,
                initargs=(self._context, os.getpid()),
                env={"OMP_NUM_THREADS": "1"},
            )
        return self._executor


@dataclass(frozen=True, slots=True)
class _Awaited(Generic[Answer]):
    """What a worker has been asked for."""

    future: Future[Answer]
    executor: Any

    def result(self) -> Answer:
        """Wait for the answer, as long as it can still come.

        Raises
        ------
        BrokenExecutor
            Where a worker died meanwhile, or stood still and was ended for it.
        RunError
            Where nobody is left who would hand the answer on.
        """
        still = Stillness()
        while True:
            manager = self.executor._executor_manager_thread  # noqa: SLF001 - loky has no question
            could_come = manager is None or manager.is_alive()
            try:
                return self.future.result(timeout=WAIT_SECONDS)
            except TimeoutError:
                if self.future.done():
                    raise  # a reader's own
            if not could_come:
                _kill(_children(self.executor))
                found = "the thread that hands work to them has ended: too few threads or memory"
                raise RunError(_WHERE, found, REMEDY)
            still.end_what_stands(_children(self.executor))


class Stillness:
    """Since when each worker has been seen stopped, by a signal or a debugger."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def end_what_stands(self, pids: Iterable[int]) -> None:
        """Kill those of the processes that have stood still for long."""
        now = time.monotonic()
        stopped = [pid for pid in pids if _is_stopped(pid)]
        self._since = {pid: self._since.get(pid, now) for pid in stopped}
        _kill([pid for pid, since in self._since.items() if now - since >= STOPPED_SECONDS])


def _children(executor: Any) -> list[int]:  # noqa: ANN401 - loky ships no types
    return list(executor._processes or ())  # noqa: SLF001


def _is_stopped(pid: int) -> bool:
    if not hasattr(os, "waitid"):
        return False
    with suppress(ChildProcessError):
        return bool(os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT))
    return False


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _end(executor: Any, *, at_once: bool) -> None:  # noqa: ANN401 - loky ships no types
    """End workers, at once or as soon as they have closed what they read; then they are killed."""
    manager = executor._executor_manager_thread  # noqa: SLF001
    children = _children(executor)  # loky forgets each as it begins to wait for it
    if manager and not manager.is_alive():
        _kill(children)
    executor.shutdown(wait=at_once, kill_workers=at_once)
    if manager:
        manager.join(ENDING_SECONDS)
    if manager and manager.is_alive():
        _kill(children)  # one that stands still may hold the queue's lock, so that none can end
        manager.join()


class _Told:
    """Who tells of what ends a thread that is none of a pool's."""

    others: Callable[[threading.ExceptHookArgs], object] = staticmethod(threading.__excepthook__)


def _told_by_the_pool(args: threading.ExceptHookArgs) -> None:
    if not type(args.thread).__module__.startswith("joblib.externals.loky"):
        _Told.others(args)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
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
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    _Worker.context = context


def end_with(parent: int) -> None:
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
