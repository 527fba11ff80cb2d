"""Units of work read here, in worker processes or on a cluster: the same results and order.

A worker that dies, out of memory or in a decoder, costs the member that it died of: the units that
it took down are read again one by one.
"""

import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from shared.database.tables import Stands
from shared.errors import Fate, SkipError
from shared.flow.reading.dask import DaskPool
from shared.flow.reading.embedding import EmbeddingProcess, Told
from shared.flow.reading.processes import Pool, UnitReaders
from shared.flow.reading.slices import Reader, ReadingContext, Unit, UnitResult
from shared.pictures.embedders.clip import ClipEmbedder
from shared.progress import Progress
from shared.records import Reading, Skipped

DEATHS = (BrokenExecutor, MemoryError)
"""What is raised where a worker died of a unit, or ran out of memory and lived on."""
PARTS = 16
"""A worker costs about a second to replace, so what killed one is narrowed down in large steps."""
_CRASHED = "its reader died of it, alone too: out of memory, or a fault in a decoder"
UNITS_PER_WORKER = 2
"""How far ahead of the receiver each worker may be; it bounds what waits in memory."""
ENTRIES_WORTH_WORKERS = 400
"""Fewer are read by one worker process sooner than several would have started."""


def read_alone(unit: Unit, alone: Pool) -> UnitResult:
    """Read what was under way when a worker died; where it was to blame, all but the culprit.

    Parameters
    ----------
    unit : Unit
        What was under way. The worker may have died of another one, or by a stranger's hand.
    alone : Pool
        One worker that has nothing else to do.

    Raises
    ------
    RunError
        Where workers die of nothing at all: then no member is to blame.
    """
    try:
        return alone.submit(unit).result()
    except DEATHS:
        alone.check()
    try:
        listed = alone.submit_listing(unit).result()
    except SkipError as error:
        return UnitResult([], None, error.fate, error.reason)
    except DEATHS:
        alone.check()
        return UnitResult([], None, Fate.CRASHED, _CRASHED)
    rest = replace(unit, start_after=listed[-1].place.entry) if len(listed) == unit.most else None
    return UnitResult(list(_iter_parts(unit, listed, alone)), rest)


def _iter_parts(unit: Unit, listed: Sequence[Skipped], alone: Pool) -> Iterator[Reading]:
    """Read members in parts, and in ever smaller ones where a part takes its worker down."""
    size = max(1, -(-len(listed) // PARTS))
    for start in range(0, len(listed), size):
        part = listed[start : start + size]
        after = listed[start - 1].place.entry if start else unit.start_after
        yield from _part(replace(unit, start_after=after, most=len(part)), part, alone)


def _part(unit: Unit, listed: Sequence[Skipped], alone: Pool) -> Iterator[Reading]:
    attempts = 2 if len(listed) == 1 else 1  # before one is blamed, it is given another chance
    for _ in range(attempts):
        try:
            result = alone.submit(unit).result()
        except DEATHS:
            alone.check()
            continue
        if result.fate:
            yield from (_unread(member, result.fate, result.reason) for member in listed)
        yield from result.readings
        return
    if len(listed) == 1:
        yield _unread(listed[0], Fate.CRASHED, _CRASHED)
    else:
        yield from _iter_parts(unit, listed, alone)


def _unread(member: Skipped, fate: Fate, reason: str) -> Reading:
    return Reading(member.place, fate, reason)


@dataclass(frozen=True, slots=True)
class Workers:
    """Where units are read: here, where ``n`` is 1, by ``n`` processes, or on a Dask cluster."""

    n: int
    dask_scheduler: str | None = None


def iter_results(
    units: Iterable[Unit],
    context: ReadingContext,
    workers: Workers,
    progress: Progress,
) -> Generator[tuple[Unit, UnitResult]]:
    """Read units and yield their results in the units' order.

    A unit that leaves a rest is followed by that rest. With one worker all is read in this
    process, one result at a time, and what kills its reader ends the run; else by workers, a
    bounded number of units ahead. ``progress`` is told what embeds.

    Raises
    ------
    RunError
        Where the cluster cannot be reached or cannot read.
    """
    ahead = iter(units)
    head = list(_iter_until_worth_workers(ahead))
    units = itertools.chain(head, ahead)
    if not head:
        return
    if workers.dask_scheduler:
        yield from _iter_by_cluster(units, context, workers.dask_scheduler, progress)
    elif workers.n == 1:
        yield from _iter_here(units, context, progress)
    else:
        is_much = sum(map(_n_declared, head)) >= ENTRIES_WORTH_WORKERS
        yield from _iter_by_processes(units, context, workers.n if is_much else 1, progress)


def _iter_by_cluster(
    units: Iterator[Unit], context: ReadingContext, scheduler: str, progress: Progress
) -> Iterator[tuple[Unit, UnitResult]]:
    """Read by the workers of a cluster; each of its machines tells what embeds there."""
    if not isinstance(context.embedder, ClipEmbedder):
        _say_embedder(context, progress)
    pool = DaskPool(context, scheduler)
    for found in _iter_from_workers(units, context, pool):
        for machine, told in pool.iter_told():
            _tell(told, progress, machine)
        yield found


def _iter_by_processes(
    units: Iterator[Unit], context: ReadingContext, n_workers: int, progress: Progress
) -> Iterator[tuple[Unit, UnitResult]]:
    """Read by processes of this machine; what is costly to open, one more of them has open."""
    if not isinstance(context.embedder, ClipEmbedder):
        _say_embedder(context, progress)
        yield from _iter_from_workers(units, context, Pool(context, n_workers))
        return
    with EmbeddingProcess.of(context.embedder) as process:
        there = replace(context, embedder=process.remote)
        for found in _iter_from_workers(units, there, Pool(there, n_workers)):
            for told in process.iter_told():
                _tell(told, progress)
            yield found


def _say_embedder(context: ReadingContext, progress: Progress) -> None:
    if context.embedder:
        progress.say(f"embedding with {context.embedder.description}")


def _tell(told: Told, progress: Progress, machine: str = "") -> None:
    if isinstance(told, str):
        progress.say(f"{machine}: {told}" if machine else told)
    else:
        progress.count_embedded(told.n_images, told.seconds, machine)


def _iter_until_worth_workers(units: Iterator[Unit]) -> Iterator[Unit]:
    n_entries = 0
    for unit in units:
        yield unit
        n_entries += _n_declared(unit)
        if n_entries >= ENTRIES_WORTH_WORKERS:
            return


def _n_declared(unit: Unit) -> int:
    # One that declares nothing is no lighter to hold, and there may be a million of them.
    return max(1, min(unit.entries.stop, unit.standing.n_entries) - unit.entries.start)


def _iter_here(
    units: Iterable[Unit], context: ReadingContext, progress: Progress
) -> Iterator[tuple[Unit, UnitResult]]:
    _say_embedder(context, progress)
    embedder = context.embedder
    on_card = embedder if isinstance(embedder, ClipEmbedder) and embedder.card else None
    with Reader(context) as reader, Pool(context, 1) as alone:
        for unit in units:
            left: Unit | None = unit
            while left:
                # What an earlier run stopped at, it may have died of.
                is_suspect = unit.standing.stands in (Stands.BEGUN, Stands.BEGINNING)
                result = read_alone(left, alone) if is_suspect else _read_here(left, reader, alone)
                if on_card:
                    _tell(on_card.take_embedded(), progress)
                yield left, result
                left = result.rest


def _read_here(unit: Unit, reader: Reader, alone: Pool) -> UnitResult:
    try:
        return reader.read(unit)
    except MemoryError:
        return read_alone(unit, alone)


def _iter_from_workers(
    units: Iterator[Unit], context: ReadingContext, workers: AbstractContextManager[UnitReaders]
) -> Iterator[tuple[Unit, UnitResult]]:
    with workers as pool, Pool(context, 1) as alone:
        n_ahead = pool.n_workers * UNITS_PER_WORKER
        waiting = deque((unit, pool.submit(unit)) for unit in itertools.islice(units, n_ahead))
        while waiting:
            unit, future = waiting.popleft()
            try:
                result = future.result()
            except DEATHS:
                result = read_alone(unit, alone)
            if result.rest:
                waiting.appendleft((result.rest, pool.submit(result.rest)))
            else:
                waiting.extend((unit, pool.submit(unit)) for unit in itertools.islice(units, 1))
            yield unit, result
