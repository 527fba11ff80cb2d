"""A PostgreSQL server of its own for a measurement, from the programs of Debian's package."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.servers import free_port


def programs() -> Path | None:
    """Where PostgreSQL's programs are, the newest of several; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return found[-1].parent if found else None


@contextmanager
def postgresql(bin_folder: Path) -> Iterator[str]:
    """Run a server with its own settings but for the place, and give a URL of an empty database."""
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data, start = folder / "data", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        _run([bin_folder / "initdb", "-D", data, "-U", "bench", "-A", "trust"])
        control = [bin_folder / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        _run([*control, "-o", start, "start"])
        try:
            yield f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])


def _version(path: Path) -> float:
    return float(path.parts[-3])


def _run(command: Sequence[object]) -> None:
    """Run a program; as root in the name of PostgreSQL's own user, for it refuses root."""
    line = [str(part) for part in command]
    as_user = ["su", "postgres", "-s", "/bin/sh", "-c", shlex.join(line)]
    whole = as_user if os.geteuid() == 0 else line
    subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, cwd="/")
