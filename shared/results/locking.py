"""One run at a time in an output folder; a second one learns at once who holds it."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import RunError
from shared.regular_files import read_small
from shared.replacing import replace_file

LOCK_FILE = ".lock"
HOLDER_FILE = ".lock-holder"
MAX_NOTE_BYTES = 1000


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for this process while the block runs. A process that dies lets go of it.

    Raises
    ------
    RunError
        Where another run holds it, or it cannot be written.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    holder = folder / HOLDER_FILE
    try:
        _acquire(lock, holder)
        yield
    finally:
        if lock.is_locked:
            # Both go before the lock is let go of: afterwards they may be the next run's. Who has
            # opened this lock file meanwhile and gets hold of it sees that it has no name any more
            # and counts it for nothing (filelock from 3.21.2 on).
            for path in (holder, folder / LOCK_FILE):
                with suppress(OSError):  # the lock is what counts
                    path.unlink()
            with suppress(OSError):  # it goes with the process in any case
                lock.release()


def _acquire(lock: FileLock, holder: Path) -> None:
    folder = str(holder.parent)
    try:
        lock.acquire()
        note = f"process {os.getpid()} on {socket.gethostname()} since {_now()}"
        replace_file(holder, note.encode(), durable=False)
    except Timeout as error:
        raise RunError(
            folder, f"in use by {_name(holder)}", "Wait for it, or choose another output folder."
        ) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            found, remedy = f"its {LOCK_FILE} is a link, which is not followed", "Remove it"
        else:
            found, remedy = f"cannot be written ({error.strerror or error})", "Give permission"
        raise RunError(folder, found, f"{remedy}, or choose another output folder.") from error


def _name(holder: Path) -> str:
    try:
        note = read_small(holder, MAX_NOTE_BYTES, ours=True)
    except OSError:
        note = b""
    return note.decode(errors="replace") or "another run"


def _now() -> str:
    return datetime.now().strftime("%H:%M:%S")  # noqa: DTZ005 - read by a person beside the machine
