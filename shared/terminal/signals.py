"""Ctrl-C, SIGTERM, SIGHUP: the run is closed, and ends within two seconds, whatever it does.

What else ends a run is not known here, see `exits`.
"""

import io
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
if sys.platform != "win32":
    WORDS[signal.SIGHUP] = "hung up"
CODES: dict[int, int] = {number: 128 + number for number in WORDS}
"""As shells count them."""
GRACE_SECONDS = 1.3
"""From a signal until what is open need not be closed any more: the next run clears up."""

Handler = Callable[[int, FrameType | None], None]


class _TerminatedError(KeyboardInterrupt):
    """A signal but Ctrl-C, made an exception so that everything open is closed on the way out.

    Libraries know how to be interrupted, by that of Ctrl-C alone.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def end_at_once_on_signals() -> None:
    """Have signals end the process with their line: before a run begins, nothing is open."""
    _handle(_end)


@contextmanager
def watched_signals() -> Iterator[None]:
    """Raise signals as exceptions; should one not end the process in time, end it by force.

    Python tells of a signal only when its main thread comes back from where it is, and that may
    be a long statement of the database. What waits at the other end of a pipe is told at once.
    What is left to do after the block takes no time, so signals that come then are ignored.
    """
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    threading.Thread(target=_end_late, args=(ear,), daemon=True).start()
    try:
        _handle(_raise)
        yield
    finally:
        _ignore()
        signal.set_wakeup_fd(before)
        os.close(mouth)


def signal_behind(error: BaseException | None) -> int | None:
    """Find the signal that an error is of, or that was being dealt with when it came up.

    What is cut off in the middle of something may well fail as it is closed.
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return error.number if isinstance(error, _TerminatedError) else signal.SIGINT
        error = error.__context__
    return None


def sentence(number: int) -> str:
    """Say how a signal ended the run, and what to do."""
    return f"{WORDS[number]}; the same command does what is left"


def say(line: str) -> None:
    """Write a line on stderr; a terminal that has gone, or was never there, need not be told."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _raise(number: int, _: FrameType | None) -> None:
    _ignore()  # one is enough, and it may come twice: to this process and to its group
    sys.unraisablehook = lambda _: None  # raised in a destructor it is lost; then force is used
    logging.disable()  # a library that is closing something would report it, and raise it again
    raise KeyboardInterrupt if number == signal.SIGINT else _TerminatedError(number)


def _end_late(ear: int) -> None:
    """Wait for a signal, then for the process to end; if it does not, end it."""
    with io.FileIO(ear) as told:
        while number := told.read(1):
            if number[0] in CODES:
                time.sleep(GRACE_SECONDS)
                if not _is_closed(told):
                    say(sentence(number[0]))
                os._exit(CODES[number[0]])


def _is_closed(told: io.FileIO) -> bool:
    """Tell whether the block has been left, so that its line is written already."""
    os.set_blocking(told.fileno(), False)
    while more := told.read(1):
        pass
    return more == b""


def _handle(handler: Handler) -> None:
    for number in CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for a job in the background
            signal.signal(number, handler)


def _ignore() -> None:
    for number in CODES:
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, _: FrameType | None) -> None:
    say(sentence(number))
    os._exit(CODES[number])
