"""What ends a run, made one line on stderr and an exit code. A bug keeps its traceback."""

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from shared.errors import RunError

FAILED = 1
PROBLEMS = 3
INTERRUPTED = 130
TERMINATED = 143


class _TerminatedError(BaseException):
    """SIGTERM, made an exception so that everything open is closed on the way out."""


@contextmanager
def exit_codes() -> Iterator[None]:
    """Run the block; exit with 1, 130 or 143 where it fails, is interrupted or terminated."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that a terminal cannot show
    try:
        yield
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on where this run stopped", err=True)
        sys.exit(INTERRUPTED)
    except _TerminatedError:
        click.echo("terminated; the same command goes on where this run stopped", err=True)
        sys.exit(TERMINATED)


def _terminate(signum: int, _: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_DFL)  # a second one ends the program at once
    raise _TerminatedError
