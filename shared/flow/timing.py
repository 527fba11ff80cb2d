"""Where a run's seconds go: to one step at a time, as the command's own process spends them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

Step = TypeVar("Step")


class Stopwatch:
    """Adds up the seconds of some work."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began

    def iter_timed(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Count the time that is waited for each item, and not what is done with it."""
        waiting = iter(steps)
        while True:
            with self.running():
                try:
                    step = next(waiting)
                except StopIteration:
                    return
            yield step


@dataclass(frozen=True, slots=True)
class Timing:
    """The stopwatches of a run, one a step; the whole began with them."""

    began: float = field(default_factory=time.monotonic)
    reading: Stopwatch = field(default_factory=Stopwatch)
    scoring: Stopwatch = field(default_factory=Stopwatch)
    publishing: Stopwatch = field(default_factory=Stopwatch)

    @property
    def whole_seconds(self) -> float:
        """Time since the run began."""
        return time.monotonic() - self.began
