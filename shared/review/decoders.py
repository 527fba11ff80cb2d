"""Worker processes that make thumbnails: a picture that kills its decoder costs its own tile.

Each is given a few pictures of one archive at a time, and answers one by one, so that it is known
which of them it died of. Ctrl-C reaches none of them; they end with this process.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, resource_tracker
from multiprocessing.context import SpawnProcess
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from shared.database.exports import TaggedMember
from shared.database.reviewing import PlacedPicture
from shared.errors import Fate, RunError, SkipError
from shared.exporting.pictures import Fetched, Missed, iter_archived, iter_loose
from shared.flow.reading.processes import end_with, interrupts_blocked
from shared.names import container_location
from shared.records import Limits

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Link: TypeAlias = "Connection[Any, Any]"
MAX_BATCH = 16
"""Each batch opens its archive and reads its directory once."""
_THUMBNAILS = "shared.pictures.thumbnails"
MAX_SECONDS = 20
"""A picture that takes longer has its decoder ended."""
STARTING_SECONDS = 120
"""A process may take long to start on a busy machine: that is no picture's fault."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A thumbnail, or the ``reason`` why there is none, which is empty where there is one."""

    content: bytes
    media_type: str
    reason: str = ""


Make: TypeAlias = Callable[[bytes, int, Limits], Tile]
"""Makes a thumbnail of a file's bytes, of a size in pixels. A function that can be pickled."""


@dataclass(frozen=True, slots=True)
class _Job:
    picture: PlacedPicture
    size: int
    answer: "Future[Tile]"

    @property
    def order(self) -> tuple[int, ...]:
        return self.picture.key

    def is_wanted(self) -> bool:
        """Tell whether somebody still waits; it is not called off from now on."""
        return self.answer.running() or self.answer.set_running_or_notify_cancel()

    def fits(self, other: "_Job") -> bool:
        """Tell whether one opening of an archive serves both."""
        ours, theirs = self.picture.container, other.picture.container
        return (ours, self.size) == (theirs, other.size)


def small_picture(content: bytes, size: int, limits: Limits) -> Tile:
    """Make a thumbnail of a file's bytes; `SkipError` where that cannot be."""
    from shared.pictures.thumbnails import thumbnail  # noqa: PLC0415 - in these processes alone

    made = thumbnail(content, size, limits)
    return Tile(made.content, made.media_type)


class Decoders:
    """Processes that make thumbnails, replaced where they die. ``make`` is what they do."""

    def __init__(self, limits: Limits, n_processes: int, make: Make = small_picture) -> None:
        self._waiting: deque[_Job] = deque()
        self._news = threading.Condition()
        self._is_ending = False
        self._n_to_start = 0
        self._workers = [_DecodingProcess(limits, make) for _ in range(n_processes)]
        self._threads = [
            threading.Thread(target=self._serve, args=(one,), daemon=True) for one in self._workers
        ]

    def __enter__(self) -> Self:
        resource_tracker.ensure_running()  # now, as it would let interrupts through
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for thread in self._threads:
            thread.join()

    def end(self) -> None:
        """Make no more; what is under way is answered at once, by a tile."""
        with self._news:
            self._is_ending = True
            left = list(self._waiting)
            self._waiting.clear()
            self._news.notify_all()
        _call_off(left)
        for worker in self._workers:
            worker.kill()

    def stand_by(self) -> None:
        """Have the processes ready before they are needed."""
        with self._news:
            self._n_to_start = len(self._threads)
            self._news.notify_all()

    def submit(self, picture: PlacedPicture, size: int) -> "Future[Tile]":
        """Have a thumbnail made; of what cannot be shown the tile tells why."""
        job = _Job(picture, size, Future())
        with self._news:
            is_late = self._is_ending
            if not is_late:
                self._waiting.append(job)
                self._news.notify()
        if is_late:
            _call_off([job])
        return job.answer

    def _serve(self, worker: "_DecodingProcess") -> None:
        """Keep one process, and hand it what waits."""
        try:
            while (jobs := self._next()) is not None:
                left = worker.work(jobs)
                if left:
                    with self._news:
                        is_late = self._is_ending
                        if not is_late:
                            self._waiting.extendleft(reversed(left))
                    if is_late:
                        _call_off(left)
        finally:
            worker.end()

    def _next(self) -> list[_Job] | None:
        """Wait for work, which may be none but to be ready; None at the end."""
        with self._news:
            while not self._waiting and not self._is_ending and not self._n_to_start:
                self._news.wait()
            if self._is_ending:
                return None
            self._n_to_start = max(0, self._n_to_start - 1)
            if not self._waiting:
                return []
            first = self._waiting[0]
            chosen = [one for one in self._waiting if one.fits(first)][:MAX_BATCH]
            for one in chosen:
                self._waiting.remove(one)
            return sorted(chosen, key=attrgetter("order"))


def _call_off(jobs: Sequence[_Job]) -> None:
    """Let nobody wait for them. Who hears of it may ask again, so no lock is to be held."""
    for one in jobs:
        if one.is_wanted():
            one.answer.set_result(Tile(b"", "", "the review has ended"))


class _DecodingProcess:
    """One process, started when it is needed."""

    def __init__(self, limits: Limits, make: Make) -> None:
        self._arguments = (limits, make)
        self._process: SpawnProcess | None = None
        self._link: Link | None = None

    def work(self, jobs: Sequence[_Job]) -> list[_Job]:
        """Have jobs done; return those that are left where the process died of one."""
        jobs = [one for one in jobs if one.is_wanted()]
        done = 0
        try:
            link = self._started()
            if jobs:
                link.send([(_member(one.picture), one.size) for one in jobs])
            for one in jobs:
                if not link.poll(MAX_SECONDS):
                    raise EOFError
                one.answer.set_result(link.recv())
                done += 1
        except (EOFError, OSError):
            self.end()
            if done < len(jobs):
                reason = f"{Fate.CRASHED.words}: its decoder died of it, or did not come to an end"
                jobs[done].answer.set_result(Tile(b"", "", reason))
        except RuntimeError as error:  # no thread or process can be started
            for one in jobs[done:]:
                one.answer.set_result(Tile(b"", "", f"no process can be started: {error}"))
            done = len(jobs)
        return [_Job(one.picture, one.size, one.answer) for one in jobs[done + 1 :]]

    def kill(self) -> None:
        """Have it die of what it does; its own thread clears up."""
        if process := self._process:
            process.kill()

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._link:
            self._link.close()
        if self._process:
            self._process.kill()
            self._process.join()
        self._process = self._link = None

    def _started(self) -> Link:
        if self._link is None:
            context = get_context("spawn")
            self._link, theirs = context.Pipe()
            process = context.Process(target=_decode, args=(theirs, *self._arguments), daemon=True)
            with interrupts_blocked():
                process.start()
            theirs.close()
            self._process = process
            if not self._link.poll(STARTING_SECONDS):
                raise EOFError
            self._link.recv()
        return self._link


def _decode(link: Link, limits: Limits, make: Make) -> None:
    """Answer for each picture of each batch, until this process is ended."""
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    with suppress(EOFError, OSError):
        import_module(_THUMBNAILS)
        link.send("ready")
        while True:
            wanted = link.recv()
            members = [member for member, _ in wanted]
            sizes = (size for _, size in wanted)
            for found, size in zip(_iter_read(members, limits), sizes, strict=True):
                link.send(_tile(found, size, limits, make))


def _iter_read(members: Sequence[TaggedMember], limits: Limits) -> Iterator[Fetched | Missed]:
    is_folder = Path(container_location(members[0].container)).is_dir()
    read = iter_loose if is_folder else iter_archived
    return read(members, limits)


def _tile(found: Fetched | Missed, size: int, limits: Limits, make: Make) -> Tile:
    if isinstance(found, Missed):
        return Tile(b"", "", f"{found.fate.words}: {found.reason}")
    try:
        return make(found.content, size, limits)
    except SkipError as error:
        return Tile(b"", "", f"{error.fate.words}: {error.reason}")
    except RunError as error:
        return Tile(b"", "", str(error))


def _member(picture: PlacedPicture) -> TaggedMember:
    return TaggedMember(
        picture.container,
        picture.key,
        picture.file_path,
        picture.parent,
        picture.file_name,
        picture.format,
        picture.hash_id,
        picture.content_sha256,
        (),
    )
