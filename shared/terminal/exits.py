"""What ends a run, made one line on stderr and an exit code. A bug keeps its traceback."""

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

from shared.errors import RunError
from shared.names import printable

FAILED = 1
PROBLEMS = 3
CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
GRACE_SECONDS = 1.3
"""From a signal until what is open need not be closed any more: the next run clears up."""

Handler = Callable[[int, FrameType | None], None]


class _TerminatedError(BaseException):
    """SIGTERM, made an exception so that everything open is closed on the way out."""


def end_at_once_on_signals() -> None:
    """Have signals end the process with their line: before a run begins, nothing is open."""
    _handle(_end)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Run the block; exit with 1, 130 or 143 where it fails, is interrupted or terminated.

    A signal ends the run within two seconds, whatever it is busy with. What is left to do after
    the block takes no time, so signals that come then are ignored.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that a terminal cannot show
    try:
        with _watched_signals():
            yield
            sys.stdout.flush()
    except RunError as error:
        _say(f"error: {error}")
        sys.exit(FAILED)
    except OSError as error:  # what the machine refuses is no bug, wherever it was met
        where = error.filename or "standard output"
        _say(printable(f"error: {where}: {error.strerror or error}"))
        sys.exit(FAILED)
    except MemoryError:
        _say("error: memory: there is no more. Close other programs, or use fewer --workers.")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        _say(_sentence(signal.SIGINT))
        sys.exit(CODES[signal.SIGINT])
    except _TerminatedError:
        _say(_sentence(signal.SIGTERM))
        sys.exit(CODES[signal.SIGTERM])


@contextmanager
def _watched_signals() -> Iterator[None]:
    """Raise signals as exceptions; should one not end the process in time, end it by force.

    Python tells of a signal only when its main thread comes back from where it is, and that may
    be a long statement of the database. What waits at the other end of a pipe is told at once.
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


def _raise(number: int, _: FrameType | None) -> None:
    _ignore()  # one is enough, and it may come twice: to this process and to its group
    sys.unraisablehook = lambda _: None  # raised in a destructor it is lost; then force is used
    logging.disable()  # a library that is closing something would report it, and raise it again
    raise KeyboardInterrupt if number == signal.SIGINT else _TerminatedError


def _end_late(ear: int) -> None:
    """Wait for a signal, then for the process to end; if it does not, end it."""
    with io.FileIO(ear) as told:
        while number := told.read(1):
            if number[0] in CODES:
                time.sleep(GRACE_SECONDS)
                if not _is_closed(told):
                    _say(_sentence(number[0]))
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
    _say(_sentence(number))
    os._exit(CODES[number])


def _sentence(number: int) -> str:
    return f"{WORDS[number]}; the same command does what is left"


def _say(line: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that has gone need not be told
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
