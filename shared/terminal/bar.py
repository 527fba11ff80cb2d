"""Progress on stderr: a bar with images/s, ETA and what share of the pictures had to be decoded.

Where stderr is no terminal, as in a log, it is a line at the start and one a minute.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from shared.names import printable
from shared.progress import Silence
from shared.terminal.signals import say

LOG_SECONDS = 60.0
BUSY_SHARE = 0.8
"""A card that computes this much of the time is what the rest waits for."""


class Card:
    """What a GPU has embedded since it had something to do, and what waits for what."""

    def __init__(self) -> None:
        self._n_images, self._seconds = 0, 0.0
        self._began = self._counted = time.monotonic()

    def count(self, n_images: int, seconds: float) -> None:
        """Count pictures that were embedded in so many seconds."""
        self._n_images += n_images
        self._seconds += seconds
        self._counted = time.monotonic()

    @property
    def words(self) -> str:
        """Its rate while it computes, and its share of the time."""
        return card_words(self._n_images, self._seconds, self._counted - self._began)


def card_words(n_images: int, seconds: float, elapsed: float) -> str:
    """Say how fast a card computes, how much of the time, and who waits for whom.

    Examples
    --------
    >>> card_words(500, 0.1, 2.0)
    'card 5,000 images/s, busy 5%: waits for decoding'
    >>> card_words(5000, 0.95, 1.0)
    'card 5,263 images/s, busy 95%: decoding waits for it'
    """
    share = min(1.0, seconds / elapsed) if elapsed else 1.0
    who = "decoding waits for it" if share >= BUSY_SHARE else "waits for decoding"
    rate = f"{n_images / seconds:,.0f} images/s, " if seconds else ""
    return f"card {rate}busy {share:.0%}: {who}"


class Counted(Silence):
    """A progress that shows nothing, and knows how many pictures a run has read since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.n_read = 0
        self._cards: dict[str, Card] = {}

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.monotonic() - self._began

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Count pictures that were read."""
        self.n_read += n_known + n_decoded

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        """Count pictures that a GPU has embedded."""
        self._cards.setdefault(machine, Card()).count(n_images, seconds)

    @property
    def cards(self) -> str:
        """How GPUs get on, empty where none has done anything."""
        return " · ".join(
            " ".join(filter(None, (name, one.words))) for name, one in self._cards.items()
        )

    def close(self) -> None:
        """Show nothing any more."""


class Log(Counted):
    """The progress of a run, as lines; the first at the start, then one each ``every`` seconds.

    They come from a thread of their own, also while nothing gets done.
    """

    def __init__(self, *, verbose: bool, every: float = LOG_SECONDS) -> None:
        super().__init__()
        self._verbose = verbose
        self._every = every
        self._n_done = 0
        self._ended = Event()

    def start(self, n_total: int, caption: str) -> None:
        """Begin a new count."""
        self.close()
        self._n_done = 0
        self._ended = Event()
        say(f"{caption} {n_total} images")
        with suppress(RuntimeError):  # no thread can be started: the run is worth more than lines
            Thread(target=self._report, args=(n_total, caption, self._ended), daemon=True).start()

    def advance(self, n_members: int) -> None:
        """Count some more."""
        self._n_done += n_members

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        say(printable(sentence))

    def problem(self, address: str, reason: str) -> None:
        """Name a problem, where the user asked for that."""
        if self._verbose:
            self.say(f"{address}: {reason}")

    def close(self) -> None:
        """Report no more."""
        self._ended.set()

    def _report(self, n_total: int, caption: str, ended: Event) -> None:
        began = time.monotonic()
        while not ended.wait(self._every):
            line = log_line(caption, self._n_done, n_total, time.monotonic() - began)
            say(" · ".join(filter(None, (line, printable(self.cards)))))


def log_line(caption: str, n_done: int, n_total: int, seconds: float) -> str:
    """Say how far a count has got: done, of how many, rate, time left where that can be told.

    Examples
    --------
    >>> log_line("scoring", 300, 900, 60.0)
    'scoring 300 of 900 images · 5.0 images/s · 0:02:00 left'
    """
    rate = n_done / seconds
    # More is found than was known of where archives lie in others.
    seconds_left = max(0.0, n_total - n_done) / rate if n_done else 0.0
    left = f" · {timedelta(seconds=round(seconds_left))} left" if n_done else ""
    return f"{caption} {n_done} of {n_total} images · {rate:.1f} images/s{left}"


class Bar(Counted):
    """The progress of a run, as a tqdm bar and sentences above it."""

    def __init__(self, *, verbose: bool) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - `--help` does without it

        super().__init__()
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
            dynamic_ncols=True,
            leave=False,
            smoothing=0.1,
        )

    def advance(self, n_members: int) -> None:
        """Count some more."""
        self._bar.update(n_members)

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Show the shares of pictures that were known and that had to be decoded, so far."""
        super().count_pictures(n_known, n_decoded)
        self._n_known += n_known
        self._n_decoded += n_decoded
        n_pictures = self._n_known + self._n_decoded
        if n_pictures:
            known = f"known {self._n_known / n_pictures:.0%}"
            decoded = f"decoded {self._n_decoded / n_pictures:.0%}"
            words = " ".join(filter(None, (known, decoded, printable(self.cards))))
            self._bar.set_postfix_str(words, refresh=False)

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
def shown_progress(*, quiet: bool, verbose: bool) -> Iterator[Counted]:
    """Give a progress that is shown while the block runs; `quiet` shows none."""
    shown = Bar if sys.stderr.isatty() else Log
    progress = Counted() if quiet else shown(verbose=verbose)
    try:
        yield progress
    finally:
        progress.close()
