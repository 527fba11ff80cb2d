"""Units of work read here, in worker processes or on a cluster: the same results and order.

A worker that dies, out of memory or in a decoder, costs the member that it died of: the units that
it took down are read again one by one, in smaller and smaller parts until that member is alone.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from shared.dask_pools import DaskPool
from shared.fates import Fate
from shared.pools import Pool, Units
from shared.records import Reading
from shared.units import Reader, ReadingContext, Unit, UnitResult

UNITS_PER_WORKER = 2
"""How far ahead of the receiver each worker may be; it bounds what waits in memory."""
ENTRIES_WORTH_WORKERS = 400
"""Fewer are read here sooner than worker processes would have started."""

PARTS = 16
"""A worker costs about a second to replace, so what killed one is narrowed down in large steps."""
_CRASHED = "its reader died of it, alone too: out of memory, or a fault in a decoder"


@dataclass(frozen=True, slots=True)
class Workers:
    """Where units are read: in this process and ``n`` others, or on a Dask cluster's workers."""

    n: int
    dask_scheduler: str | None = None


def iter_results(
    units: Iterable[Unit], context: ReadingContext, workers: Workers
) -> Iterator[tuple[Unit, UnitResult]]:
    """Read units and yield their results in the units' order.

    A unit that leaves a rest is followed by that rest. With one worker all is read in this
    process, one result at a time; else by workers, a bounded number of units ahead.

    Raises
    ------
    RunError
        Where the cluster cannot be reached or cannot read.
    """
    ahead = iter(units)
    head = list(_iter_until_worth_workers(ahead))
    units = itertools.chain(head, ahead)
    if workers.dask_scheduler and head:
        yield from _iter_from_workers(units, context, DaskPool(context, workers.dask_scheduler))
    elif workers.n == 1 or sum(map(_n_declared, head)) < ENTRIES_WORTH_WORKERS:
        yield from _iter_here(units, context)
    else:
        yield from _iter_from_workers(units, context, Pool(context, workers.n))


def _iter_until_worth_workers(units: Iterator[Unit]) -> Iterator[Unit]:
    n_entries = 0
    for unit in units:
        yield unit
        n_entries += _n_declared(unit)
        if n_entries >= ENTRIES_WORTH_WORKERS:
            return


def _n_declared(unit: Unit) -> int:
    return min(unit.most, unit.standing.n_entries)


def _iter_here(units: Iterable[Unit], context: ReadingContext) -> Iterator[tuple[Unit, UnitResult]]:
    with Reader(context) as reader:
        for unit in units:
            left: Unit | None = unit
            while left:
                result = reader.read(left)
                yield left, result
                left = result.rest


def _iter_from_workers(
    units: Iterator[Unit], context: ReadingContext, workers: AbstractContextManager[Units]
) -> Iterator[tuple[Unit, UnitResult]]:
    with workers as pool, Pool(context, 1) as alone:
        n_ahead = pool.n_workers * UNITS_PER_WORKER
        waiting = deque((unit, pool.submit(unit)) for unit in itertools.islice(units, n_ahead))
        while waiting:
            unit, future = waiting.popleft()
            try:
                result = future.result()
            except BrokenExecutor:
                result = _read_alone(unit, context, alone)
            if result.rest:
                waiting.appendleft((result.rest, pool.submit(result.rest)))
            else:
                waiting.extend((unit, pool.submit(unit)) for unit in itertools.islice(units, 1))
            yield unit, result


def _read_alone(unit: Unit, context: ReadingContext, alone: Pool) -> UnitResult:
    """Read what was under way when a worker died; where it was to blame, all but the culprit."""
    members = context.source.iter_members(
        unit.standing.location, context.limits, unit.start_after, unit.entries
    )
    listed = [
        Reading(one.entry, one.address, one.parent, one.name, Fate.CRASHED, _CRASHED)
        for one in itertools.islice(members, unit.most)
    ]
    rest = replace(unit, start_after=listed[-1].entry) if len(listed) == unit.most else None
    return UnitResult(list(_iter_parts(unit, listed, alone)), rest)


def _iter_parts(unit: Unit, listed: Sequence[Reading], alone: Pool) -> Iterator[Reading]:
    """Read members, given as crashed, in ever smaller parts where a part takes its worker down."""
    size = -(-len(listed) // PARTS)
    for start in range(0, len(listed), size):
        part = listed[start : start + size]
        after = listed[start - 1].entry if start else unit.start_after
        left = replace(unit, start_after=after, most=len(part))
        try:
            yield from alone.submit(left).result().readings
        except BrokenExecutor:
            yield from part if len(part) == 1 else _iter_parts(left, part, alone)
