"""A PostgreSQL server of the tests' own, on loopback, made from Debian's package."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NUMBERS = count()
_END_SESSIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"


@dataclass(frozen=True)
class Server:
    """A running server; its data lie in a folder that goes with it.

    Where it is not ``durable`` it waits for no disk, and only a power cut could tell.
    """

    programs: Path
    folder: Path
    port: int
    durable: bool = False

    def fresh_database(self) -> str:
        """Make an empty database; give its URL."""
        name = f"scores_{next(_NUMBERS)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def copied_database(self, url: str) -> str:
        """Make a database as another one stands; whoever still uses that one loses it."""
        copy, source = f"scores_{next(_NUMBERS)}", url.rpartition("/")[2]
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(_END_SESSIONS, (source,))
            connection.execute(f"CREATE DATABASE {copy} TEMPLATE {source}")
        return f"{url.rpartition('/')[0]}/{copy}"

    def rows(self, url: str, query: str) -> list[tuple[object, ...]]:
        """Ask a database, beside whoever uses it."""
        with psycopg.connect(self._conninfo(url.rpartition("/")[2])) as connection:
            return connection.execute(query).fetchall()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        sync = "" if self.durable else " -c fsync=off"
        log = self.folder / "log"
        self._call("pg_ctl", "-w", "-l", str(log), "-o", options + sync, "start")

    def stop(self) -> None:
        """Stop the server at once; who is connected loses the connection."""
        self._call("pg_ctl", "-w", "-m", "fast", "stop")

    def initialise(self) -> None:
        """Make the folder a server's."""
        self._call("initdb", "-A", "trust", "-U", "postgres")

    def _conninfo(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={name}"

    def _call(self, program: str, *arguments: str) -> None:
        # The server refuses to be run by root.
        user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **user,  # type: ignore[call-overload]
        )


def installed_programs() -> Path | None:
    """Where PostgreSQL's programs are, the newest of several; None where there are none."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in found), key=lambda f: float(f.parent.name), default=None)


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """Start a server of one's own; skip where the package is missing, but not in CI."""
    programs = installed_programs()
    if not programs and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed")
    assert programs, "PostgreSQL is not installed"
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(programs, folder, port, durable)
    server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
