"""Progress on stderr: a bar with images/s, ETA and what share of the pictures had to be decoded.

Where stderr is no terminal it is silent.
"""

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
        self._n_known = self._n_decoded = 0

    def start(self, n_total: int, caption: str) -> None:
        """Begin a new count."""
        self.close()
        self._n_known = self._n_decoded = 0
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

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Show the shares of pictures that were known and that had to be decoded, so far."""
        self._n_known += n_known
        self._n_decoded += n_decoded
        n_pictures = self._n_known + self._n_decoded
        if n_pictures:
            known = f"known {self._n_known / n_pictures:.0%}"
            decoded = f"decoded {self._n_decoded / n_pictures:.0%}"
            self._bar.set_postfix_str(f"{known} {decoded}", refresh=False)

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
