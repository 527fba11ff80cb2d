"""Progress on stderr: a bar with images/s and ETA, silent where stderr is no terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.names import printable
from shared.progress import Progress, Silence


class Bar:
    """The progress of a run, as a tqdm bar and sentences above it."""

    def __init__(self, *, verbose: bool) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - `--help` does without it

        self._tqdm = tqdm
        self._verbose = verbose
        self._bar: Any = None

    def start(self, n_total: int, caption: str) -> None:
        """Begin a new count."""
        self.close()
        self._bar = self._tqdm(
            total=n_total,
            desc=caption,
            unit=" images",
            disable=None,  # where stderr is no terminal
            dynamic_ncols=True,
            leave=False,
            smoothing=0.1,
        )

    def advance(self, n_members: int) -> None:
        """Count some more."""
        self._bar.update(n_members)

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._tqdm.write(printable(sentence), file=sys.stderr)

    def problem(self, address: str, reason: str) -> None:
        """Name a problem, where the user asked for that."""
        if self._verbose:
            self.say(f"{address}: {reason}")

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def shown_progress(*, quiet: bool, verbose: bool) -> Iterator[Progress]:
    """Give a progress that is shown while the block runs; `quiet` shows none."""
    if quiet:
        yield Silence()
        return
    bar = Bar(verbose=verbose)
    try:
        yield bar
    finally:
        bar.close()
