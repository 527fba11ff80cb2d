"""What took a worker down, narrowed down until one member is left; the rest is read after all."""

from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import replace

from shared.errors import Fate, SkipError
from shared.flow.reading.processes import Pool
from shared.flow.reading.slices import Unit, UnitResult
from shared.records import Reading, Skipped

DEATHS = (BrokenExecutor, MemoryError)
"""What is raised where a worker died of a unit, or ran out of memory and lived on."""
PARTS = 16
"""A worker costs about a second to replace, so what killed one is narrowed down in large steps."""
_CRASHED = "its reader died of it, alone too: out of memory, or a fault in a decoder"


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
