"""Seconds go to the step that takes them."""

import time
from collections.abc import Iterator

import pytest

from shared.flow.timing import Stopwatch


def test_what_is_done_with_an_item_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = Stopwatch()

    def iter_slow() -> Iterator[float]:
        nonlocal now
        for seconds in (1.0, 2.0):
            now += seconds
            yield seconds
        now += 0.5

    for _ in watch.iter_timed(iter_slow()):
        now += 100
    assert watch.seconds == 3.5


def test_time_counts_where_a_block_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5.0, 7.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    watch = Stopwatch()
    with pytest.raises(ValueError, match="no"), watch.running():
        raise ValueError("no")
    assert watch.seconds == 2
