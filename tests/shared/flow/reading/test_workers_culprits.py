"""What takes readers down costs as little as can be, and nobody is blamed for another's fault."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.surveys import Standing
from shared.database.tables import Stands
from shared.errors import Fate, RunError, SkipError
from shared.flow.reading.slices import Unit, UnitResult
from shared.flow.reading.workers import PARTS, read_alone
from shared.records import Place, Reading, Skipped

A_LOT = 40


@dataclass
class Mortal:
    """One worker that dies, in place of `Pool`, of members, of listing, or of nothing at all.

    It reads members 0 to ``n_members`` of a container whose entries are plain numbers.
    """

    n_members: int = A_LOT
    deadly: frozenset[int] = frozenset()
    death: type[Exception] = BrokenExecutor
    n_strangers: int = 0
    listing: Exception | None = None
    opening: Exception | None = None
    changed: SkipError | None = None
    n_deaths: int = field(default=0, init=False)

    def submit(self, unit: Unit) -> "Future[UnitResult]":
        return self._future(lambda: self._read(unit))

    def submit_listing(self, unit: Unit) -> "Future[list[Skipped]]":
        return self._future(lambda: list(self._iter_listed(unit)), self.listing)

    def check(self) -> None:
        if self.opening:
            raise RunError("worker processes", "they die as soon as they start")

    def _read(self, unit: Unit) -> UnitResult:
        if self.changed and unit.most < A_LOT:
            return UnitResult([], None, self.changed.fate, self.changed.reason)
        listed = list(self._iter_listed(unit))
        if self.n_strangers or any(member.place.entry[0] in self.deadly for member in listed):
            self.n_strangers = max(0, self.n_strangers - 1)
            self.n_deaths += 1
            raise self.death
        return UnitResult([reading(member, Fate.PENDING) for member in listed])

    def _iter_listed(self, unit: Unit) -> Iterator[Skipped]:
        after = unit.start_after[0] if unit.start_after else -1
        for entry in range(self.n_members)[after + 1 :][: unit.most]:
            yield Skipped(Place((entry,), f"a.zip!/{entry}", "a.zip", str(entry)), Fate.PENDING)

    def _future(self, task: Callable[[], Any], error: Exception | None = None) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            if error:
                raise error
            future.set_result(task())
        except (BrokenExecutor, MemoryError, SkipError) as failure:
            future.set_exception(failure)
        return future


def reading(member: Skipped, fate: Fate) -> Reading:
    return Reading(member.place, fate)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    path = str(tmp_path / "a.zip")
    standing = Standing(1, 1, path, path, A_LOT, Stands.NOTHING)
    return Unit(standing, range(2**62), (), A_LOT + 1)


def fates(result: UnitResult) -> dict[int, Fate]:
    return {one.place.entry[0]: one.fate for one in result.readings}


@given(deadly=st.frozensets(st.integers(0, A_LOT - 1)), n_members=st.integers(0, A_LOT))
@pytest.mark.parametrize("death", [BrokenExecutor, MemoryError])
def test_each_deadly_member_costs_itself_alone(
    unit: Unit, death: type[Exception], deadly: frozenset[int], n_members: int
) -> None:
    worker: Any = Mortal(n_members, deadly, death)
    assert fates(read_alone(unit, worker)) == {
        entry: Fate.CRASHED if entry in deadly else Fate.PENDING for entry in range(n_members)
    }


def test_a_unit_that_is_not_to_blame_is_read_at_once(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({A_LOT + 5}))
    read_alone(unit, worker)
    assert worker.n_deaths == 0


@given(n_strangers=st.integers(1, 3))
def test_members_are_not_blamed_for_workers_that_a_stranger_kills(
    unit: Unit, n_strangers: int
) -> None:
    worker: Any = Mortal(n_strangers=n_strangers)
    assert set(fates(read_alone(unit, worker)).values()) == {Fate.PENDING}


def test_narrowing_down_takes_few_workers(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({17}))
    read_alone(unit, worker)
    assert worker.n_deaths <= 2 + A_LOT.bit_length() // PARTS.bit_length() + 1


def test_a_container_that_cannot_even_be_listed_costs_itself(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({1}), listing=BrokenExecutor())
    result = read_alone(unit, worker)
    assert (result.readings, result.fate) == ([], Fate.CRASHED)


def test_a_container_that_was_lost_meanwhile_is_told(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({1}), listing=SkipError(Fate.UNREADABLE, "gone"))
    result = read_alone(unit, worker)
    assert (result.fate, result.reason) == (Fate.UNREADABLE, "gone")


def test_members_of_a_container_that_is_lost_half_way_are_told(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({1}), changed=SkipError(Fate.UNREADABLE, "gone"))
    assert set(fates(read_alone(unit, worker)).values()) == {Fate.UNREADABLE}


def test_where_workers_die_of_nothing_no_member_is_blamed(unit: Unit) -> None:
    worker: Any = Mortal(deadly=frozenset({1}), opening=BrokenExecutor())
    with pytest.raises(RunError, match="as soon as they start"):
        read_alone(unit, worker)


def test_a_unit_that_holds_more_than_a_result_leaves_a_rest(unit: Unit) -> None:
    worker: Any = Mortal(n_members=A_LOT + 9, deadly=frozenset({3}))
    result = read_alone(unit, worker)
    assert result.rest is not None
    assert result.rest.start_after == (A_LOT,)
