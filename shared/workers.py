"""Work in order, here or in worker processes: the same results in the same order either way."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager

from shared.units import Reader, ReadingContext, Unit, UnitResult

UNITS_PER_WORKER = 2
"""How far ahead of the receiver each worker may be; it bounds what waits in memory."""

ENTRIES_WORTH_WORKERS = 400
"""Fewer are read here sooner than worker processes would have started."""

_reader: Reader | None = None


def iter_results(
    units: Iterable[Unit], context: ReadingContext, n_workers: int
) -> Iterator[tuple[Unit, UnitResult]]:
    """Read units and yield their results in the units' order.

    A unit that leaves a rest is followed by that rest. With one worker all is read in this
    process, one result at a time; else in worker processes, a bounded number of units ahead.
    """
    ahead = iter(units)
    head = list(_iter_until_worth(ahead))
    units = itertools.chain(head, ahead)
    if n_workers == 1 or sum(map(_declared, head)) < ENTRIES_WORTH_WORKERS:
        with Reader(context) as reader:
            for unit in units:
                rest: Unit | None = unit
                while rest:
                    result = reader.read(rest)
                    yield rest, result
                    rest = result.rest
    else:
        with _pool(context, n_workers) as pool:
            yield from _iter_from_pool(pool, units, n_workers * UNITS_PER_WORKER)


def _iter_until_worth(units: Iterator[Unit]) -> Iterator[Unit]:
    n_entries = 0
    for unit in units:
        yield unit
        n_entries += _declared(unit)
        if n_entries >= ENTRIES_WORTH_WORKERS:
            return


def _declared(unit: Unit) -> int:
    return min(unit.n_entries, unit.standing.n_entries)


def _iter_from_pool(
    pool: Executor, units: Iterator[Unit], n_ahead: int
) -> Iterator[tuple[Unit, UnitResult]]:
    waiting = deque(_submit(pool, unit) for unit in itertools.islice(units, n_ahead))
    while waiting:
        unit, future = waiting.popleft()
        result = future.result()
        if result.rest:
            waiting.appendleft(_submit(pool, result.rest))
        else:
            waiting.extend(_submit(pool, unit) for unit in itertools.islice(units, 1))
        yield unit, result


def _submit(pool: Executor, unit: Unit) -> tuple[Unit, Future[UnitResult]]:
    return unit, pool.submit(_read, unit)


@contextmanager
def _pool(context: ReadingContext, n_workers: int) -> Iterator[Executor]:
    from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow, not always used

    pool = ProcessPoolExecutor(
        n_workers, initializer=_start_worker, initargs=(context,), env={"OMP_NUM_THREADS": "1"}
    )
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        pool.shutdown(kill_workers=True)
        raise


def _start_worker(context: ReadingContext) -> None:
    global _reader  # noqa: PLW0603 - a worker process has one, for all of its units
    _reader = Reader(context).__enter__()


def _read(unit: Unit) -> UnitResult:
    assert _reader
    return _reader.read(unit)
