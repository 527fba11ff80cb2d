"""A function in a process of its own, that tells how far it is. Ctrl-C does not reach it."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeAlias

from shared.errors import RunError
from shared.flow.reading.processes import end_with, interrupts_blocked

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Told: TypeAlias = "Connection[Any, Any]"
Arguments = ParamSpec("Arguments")
Tell: TypeAlias = Callable[[object], None]


class Errand(Generic[Arguments]):
    """A process that runs a function once, and ends with it or with this process.

    It is there, with all that the function imports, before it is told what to do.
    """

    def __init__(self, errand: Callable[Concatenate[Tell, Arguments], object]) -> None:
        context = get_context("spawn")
        self._link, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_run, args=(theirs, errand), daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()

    def run(
        self, hear: Callable[[object], None], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> None:
        """Have it done, and hear what it tells until it ends.

        Raises
        ------
        RunError
            As the function did, or where its process died.
        """
        try:
            self._link.send((args, kwargs))
            while True:
                told = self._link.recv()
                if isinstance(told, RunError):
                    raise told
                if isinstance(told, _ErrandEnd):
                    return
                hear(told)
        except (EOFError, OSError):
            raise was_ended() from None
        finally:
            self.end()

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()


def was_ended() -> RunError:
    """Say that a process did not come to its end."""
    found = "its process was ended before it was done"
    return RunError("learning", found, "Try again; close other programs.")


class _ErrandEnd:
    """Told when the function has come back."""


def _run(link: Told, errand: Callable[..., object]) -> None:
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    with suppress(EOFError, OSError):
        args, kwargs = link.recv()
        try:
            errand(link.send, *args, **kwargs)
        except RunError as error:
            link.send(error)
        else:
            link.send(_ErrandEnd())
