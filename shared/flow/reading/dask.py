"""The door to Dask: a cluster's workers read units. Nothing of the cluster is started or ended.

Its workers need this project's requirements and see the same files at the same paths. The code
goes to them with each run, so that it is the same version everywhere.
"""

import asyncio
import io
import logging
import pickle
import socket
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Any, Self

from shared.errors import RunError
from shared.flow.reading.dask_worker import MachineEmbedder
from shared.flow.reading.embedding import Told
from shared.flow.reading.slices import ReadingContext, Unit, UnitResult
from shared.pictures.embedders.clip import ClipEmbedder

CONNECT_SECONDS = 5
WAIT_SECONDS = 60
"""How long a cluster may be without any worker, while they are replaced."""
CHECK_SECONDS = 1
_OPTION = "--dask_scheduler"
_TLS_SETTING = "distributed.comm.tls"
_ENCRYPTED = ("tls", "wss")
_INSTALL = "Install it: pip install -r stage4/requirements-dask.txt, here and on all workers."
_SOURCES = Path(__file__).parents[2]


class DaskPool:
    """The workers of a cluster, which replaces those that die. Open as a context manager."""

    def __init__(self, context: ReadingContext, scheduler: str) -> None:
        self.scheduler = scheduler
        self.n_workers = 0
        self._context = _absolute(context)
        self._packed = b""
        self._told: list[tuple[str, Told]] = []
        self._run = uuid.uuid4().hex
        self._hosts: dict[str, str] = {}
        self._client: Any = None
        self._last_seen = 0.0

    def __enter__(self) -> Self:
        self._client = _connected(self.scheduler)
        try:
            self._prepare()
        except OSError as error:
            self._client.close()
            raise self.failed("the scheduler or a worker was lost as the run began") from error
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a scheduler that has gone has forgotten the run already
            self._client.unregister_worker_plugin(self._run)
        self._client.close()

    def submit(self, unit: Unit) -> "_SentUnit":
        """Have a unit read; a worker that dies has it read again by another."""
        packed = pickle.dumps(unit)
        future = self._client.submit(_reading(), self._run, self._packed, packed, pure=False)
        return _SentUnit(self, future)

    def iter_told(self) -> Iterator[tuple[str, Told]]:
        """Yield machines' names and what they have had to tell since this was last asked."""
        told, self._told = self._told, []
        yield from told

    def unpacked(self, packed: bytes) -> UnitResult:
        """Take what a worker has answered, and keep what it tells beside."""
        result: UnitResult | RunError
        result, told = pickle.loads(packed)  # noqa: S301
        self._told += told
        if isinstance(result, RunError):
            raise result
        return result

    def check(self) -> None:
        """See whether there is anybody left to read.

        Raises
        ------
        RunError
            Where there has not been any worker for a while.
        """
        now = time.monotonic()
        if self._client.scheduler_info(n_workers=-1)["workers"]:
            self._last_seen = now
        elif now - self._last_seen > WAIT_SECONDS:
            raise self.failed("the cluster has no workers any more")

    def failed(self, found: str) -> RunError:
        """Say why the run cannot go on."""
        remedy = "Run the same command again when the cluster is up; what is done is kept."
        return RunError(self.scheduler, found, remedy)

    def _prepare(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            remedy = f"Start some: dask worker {self.scheduler} --nthreads 1"
            raise RunError(self.scheduler, "the cluster has no workers", remedy) from error
        try:
            self._client.register_plugin(_luggage(_zipped_sources(), self._run), name=self._run)
        except ImportError as error:
            remedy = (
                "Install this project's requirements there: pip install -r stage4/requirements.txt"
            )
            raise RunError(self.scheduler, f"a worker cannot read ({error})", remedy) from error
        self._check_paths()
        self._packed = pickle.dumps(self._embedding_once_a_machine())
        self._last_seen = time.monotonic()

    def _embedding_once_a_machine(self) -> ReadingContext:
        embedder = self._context.embedder
        if not isinstance(embedder, ClipEmbedder):
            return self._context
        n_threads: Counter[str] = Counter()
        for worker, given in self._client.nthreads().items():
            n_threads[self._hosts.get(worker, "")] += given
        shared = MachineEmbedder(embedder, self._run, token_bytes(32), dict(n_threads))
        return replace(self._context, embedder=shared)

    def _check_paths(self) -> None:
        paths = [str(path) for path in _paths(self._context) if path.exists()]
        found: dict[str, tuple[str, list[str]]] = self._client.run(_seen(), paths)
        self.n_workers = len(found)
        self._hosts = {worker: host for worker, (host, _) in found.items()}
        for worker, (host, missing) in found.items():
            if missing:
                remedy = "Give all workers the same files at the same paths."
                raise RunError(missing[0], f"the cluster's worker {worker} does not see it", remedy)
            if isinstance(self._context.database, Path) and host != socket.gethostname():
                remedy = "Use PostgreSQL, with --database_url, or workers on this machine only."
                raise RunError(
                    str(self._context.database), f"SQLite cannot be shared with {host}", remedy
                )


class _SentUnit:
    """A unit that some worker reads."""

    def __init__(self, pool: DaskPool, future: Any) -> None:  # noqa: ANN401 - Dask ships no types
        self._pool = pool
        self._future = future

    def result(self) -> UnitResult:
        """Wait for the unit.

        Raises
        ------
        BrokenExecutor
            Where one worker after the other died of it.
        RunError
            Where the cluster has gone, or its workers cannot read.
        """
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - an extra

        try:
            packed = self._awaited()
        except KilledWorker as error:
            raise BrokenExecutor(str(error)) from error
        except (CancelledError, OSError) as error:
            raise self._pool.failed("the connection to the scheduler was lost") from error
        return self._pool.unpacked(packed)

    def _awaited(self) -> bytes:
        while True:
            try:
                packed: bytes = self._future.result(timeout=CHECK_SECONDS)
            except TimeoutError:
                if self._future.status == "error":
                    raise
                self._pool.check()
            else:
                return packed


def _connected(scheduler: str) -> Any:  # noqa: ANN401 - Dask ships no types
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RunError(_OPTION, f"Dask is not installed ({error})", _INSTALL) from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong, goes wrong below
    args = _connection_args(scheduler)
    try:
        asyncio.run(_knock(scheduler, args))
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    # A web server, as of Dask's own pages, seems to send more than memory holds; a protocol may
    # lack its package.
    except (OSError, ValueError, MemoryError, TypeError) as error:
        remedy = "Start one with `dask scheduler`, or look at the address: tcp://host:8786"
        raise RunError(scheduler, "no Dask scheduler answers there", remedy) from error
    client.loop.asyncio_loop.set_exception_handler(_report)
    return client


def _connection_args(scheduler: str) -> dict[str, Any]:
    """Give what Dask's own settings say of encryption, if that and the address agree."""
    from distributed import Security  # noqa: PLC0415 - an extra
    from distributed.comm import parse_address  # noqa: PLC0415

    try:
        args: dict[str, Any] = Security().get_connection_args("client")
    except (OSError, ValueError) as error:
        found = f"the certificates that Dask's settings name cannot be used ({error})"
        remedy = f"Look at {_TLS_SETTING} in Dask's settings: ca-file, client.cert, client.key."
        raise RunError(scheduler, found, remedy) from error
    is_encrypted = parse_address(scheduler)[0] in _ENCRYPTED
    if is_encrypted and not args["ssl_context"]:
        remedy = f"Set {_TLS_SETTING}.ca-file, .client.cert and .client.key in Dask's settings."
        raise RunError(scheduler, "Dask is not configured for TLS here", remedy)
    if args["require_encryption"] and not is_encrypted:
        remedy = "Give an address that begins with tls://"
        raise RunError(scheduler, "Dask's settings require encryption", remedy)
    return args


async def _knock(scheduler: str, args: dict[str, Any]) -> None:
    """See whether a scheduler answers. A client that waits in vain would not end before a while."""
    from distributed.core import connect  # noqa: PLC0415 - an extra

    # Dask's own limit ends with the connection: it would wait for a first word without end.
    async with asyncio.timeout(CONNECT_SECONDS):
        comm = await connect(scheduler, timeout=CONNECT_SECONDS, **args)
    await comm.close()


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what went wrong behind the scenes, but not that a unit failed: that is known."""
    from distributed.client import AllExit  # noqa: PLC0415 - an extra

    if not isinstance(context.get("exception"), AllExit):
        loop.default_exception_handler(context)


def _absolute(context: ReadingContext) -> ReadingContext:
    """Spell the paths so that they mean the same from every folder."""
    database, metadata = context.database, context.metadata_json
    return replace(
        context,
        database=database.absolute() if isinstance(database, Path) else database,
        cache_folder=context.cache_folder.absolute(),
        metadata_json=metadata.absolute() if metadata else None,
    )


def _paths(context: ReadingContext) -> list[Path]:
    places = (context.source.directory, context.metadata_json, context.database)
    return [place for place in places if isinstance(place, Path)]


def _zipped_sources() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_SOURCES.rglob("*.py")):
            name = path.relative_to(_SOURCES.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


# Functions within functions are sent to the workers as they are, and not by the name of a module
# that is not there yet. They use nothing but what they import themselves.


def _reading() -> Callable[[str, bytes, bytes], bytes]:
    def read(run: str, context: bytes, unit: bytes) -> bytes:
        from shared.flow.reading.dask_worker import read_packed  # noqa: PLC0415 - there, not here

        return read_packed(run, context, unit)

    return read


def _seen() -> Callable[[list[str]], tuple[str, list[str]]]:
    def seen(paths: list[str]) -> tuple[str, list[str]]:
        import os  # noqa: PLC0415 - there, not here
        import socket  # noqa: PLC0415

        return socket.gethostname(), [p for p in paths if not os.path.exists(p)]  # noqa: PTH110

    return seen


def _luggage(sources: bytes, run: str) -> Any:  # noqa: ANN401 - Dask ships no types
    """Give what a worker takes on when a run starts, or when it joins later: the code.

    What stage scripts do to find the code, one line on the path, serves only who has it already.
    """
    from distributed import WorkerPlugin  # noqa: PLC0415 - an extra

    class Luggage(WorkerPlugin):  # type: ignore[misc] # Dask ships no types
        """Puts the code first on the path of a worker, in place of any other version."""

        def setup(self, worker: Any) -> None:  # noqa: ANN401
            import hashlib  # noqa: PLC0415
            import importlib  # noqa: PLC0415
            import sys  # noqa: PLC0415
            from pathlib import Path  # noqa: PLC0415

            digest = hashlib.sha256(sources).hexdigest()
            place = Path(worker.local_directory) / f"image-tagging-{digest}.zip"
            if str(place) not in sys.path:
                place.write_bytes(sources)
                for name in [m for m in sys.modules if m.split(".")[0] == "shared"]:
                    del sys.modules[name]
                sys.path.insert(0, str(place))
            importlib.import_module("shared.flow.reading.dask_worker")

        def teardown(self, worker: Any) -> None:  # noqa: ANN401, ARG002
            from shared.flow.reading.dask_worker import forget  # noqa: PLC0415

            forget(run)

    return Luggage()
