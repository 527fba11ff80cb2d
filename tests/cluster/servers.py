"""Servers that tests start on loopback, each in a process of its own, and end."""

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.worlds import ROOT

PATIENCE_SECONDS = 60
BUSY = "busy.zip"
"""The object that the S3 server has and never answers for."""
S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def need(package: str) -> None:
    """Skip what needs a package that is not there, but not in CI."""
    if os.environ.get("CI"):
        importlib.import_module(package)
    else:
        pytest.importorskip(package, reason=f"{package} is not installed")


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def await_port(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "no server came up"
            time.sleep(0.05)
        else:
            return


@contextmanager
def process(*arguments: str, cwd: Path = ROOT) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Python module in the background, and end it with all that it started."""
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


@dataclass(frozen=True)
class Cluster:
    """A Dask scheduler, and its workers: each has a nanny that replaces it."""

    address: str
    nannies: tuple[int, ...]

    def kill_worker(self) -> None:
        """Kill the worker of the first nanny, as if it ran out of memory."""
        [worker] = [child for child in children(self.nannies[0]) if "spawn_main" in child[1]]
        os.kill(worker[0], signal.SIGKILL)


def children(parent: int) -> Iterator[tuple[int, str]]:
    """Yield the processes that a process has started: their ids and command lines."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (path / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                yield int(path.name), (path / "cmdline").read_text()
        except OSError:
            continue  # it has ended meanwhile


@contextmanager
def dask_cluster(folder: Path, n_workers: int = 2) -> Iterator[Cluster]:
    """Run a scheduler and workers, of which none knows of this project but `deadly`."""
    (folder / "tests").mkdir()
    for name in ("deadly.py", "shared/flow/reading/cards.py"):
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ("distributed.cli.dask_scheduler", "--host=127.0.0.1", f"--port={port}")
    worker = ("distributed.cli.dask_worker", address, "--nthreads=1", "--no-dashboard")
    with ExitStack() as stack:
        stack.enter_context(process(*scheduler, "--no-dashboard", cwd=folder))
        nannies = [
            stack.enter_context(process(*worker, f"--local-directory={folder}/{i}", cwd=folder))
            for i in range(n_workers)
        ]
        await_port(port)
        yield Cluster(address, tuple(nanny.pid for nanny in nannies))


@dataclass
class S3:
    """An S3 server that shows a folder as a bucket, and can be stopped and started."""

    folder: Path
    log: Path
    port: int

    @property
    def url(self) -> str:
        """The bucket."""
        return "s3://pictures"

    def requests(self) -> list[list[str]]:
        """What has been asked for since the last time: method, path, range, bytes answered."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [[parts[0], " ".join(parts[1:-2]), *parts[-2:]] for parts in map(str.split, lines)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve."""
        arguments = ("tests.cluster.s3_server", str(self.port), str(self.folder), str(self.log))
        with process(*arguments):
            await_port(self.port)
            yield
