"""What ends a run, made a line on stderr and an exit code. A bug keeps its traceback."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import RunError
from shared.names import printable
from shared.terminal.signals import CODES, say, sentence, signal_behind, watched_signals

FAILED = 1
PROBLEMS = 3
_NO_THREAD = "can't start new thread"


@contextmanager
def exit_codes() -> Iterator[None]:
    """Run the block; exit with 1 where it fails, and with 129, 130 or 143 where a signal ends it.

    A signal ends the run within two seconds, whatever it is busy with.
    """
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that a terminal cannot show
    try:
        with watched_signals():
            yield
            sys.stdout.flush()
    except BaseException as error:
        ended = _ending(error)
        if ended is None:
            raise
        code, line = ended
        say(line)
        sys.exit(code)


def _open_closed_streams() -> None:
    """Give a run that was started without an input or output one that is nowhere.

    Else the next file that is opened has its number, and gets what is meant for it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - until the end


def _ending(error: BaseException) -> tuple[int, str] | None:
    """Exit code and line of what ended the run; None for a bug, or where they are told already."""
    if number := signal_behind(error):
        return CODES[number], sentence(number)
    if isinstance(error, RunError):
        return FAILED, "\n".join(f"error: {one}" for one in error.each)
    if isinstance(error, OSError):  # what the machine refuses is no bug, wherever it was met
        where = error.filename or "standard output"
        return FAILED, printable(f"error: {where}: {error.strerror or error}")
    if isinstance(error, MemoryError):
        remedy = "Close other programs, or use fewer --workers."
        return FAILED, f"error: memory: there is no more. {remedy}"
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        remedy = "Close other programs, or raise what `ulimit -u` and `ulimit -v` allow."
        return FAILED, f"error: threads: too little memory, or too many processes. {remedy}"
    return None
