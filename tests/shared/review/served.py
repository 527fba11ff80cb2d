"""A review as a process, asked over the network."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.worlds import ROOT, World

_LINK = re.compile(r"http://127\.0\.0\.1:([0-9]+)/\?token=([\w-]+)\n")


@dataclass
class Serving:
    """A running server: its port, and the token that it showed; what the browser got for it."""

    process: "subprocess.Popen[str]"
    port: int
    token: str
    cookie: str = ""
    tag: int = 0

    def ask(self, request: bytes) -> bytes:
        """Send bytes as they are, and read all that is answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as link:
            link.sendall(request.replace(b"HOST", f"127.0.0.1:{self.port}".encode()))
            return read_all(link)

    def end(self, number: int) -> tuple[int, str]:
        """End it by a signal; return how it ended and what it said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said

    def memory(self) -> int:
        """Bytes that it holds itself, but for files that are mapped."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(1024 * int(one.split()[1]) for one in lines if one.startswith("RssAnon"))


def read_all(link: socket.socket) -> bytes:
    """Read until the other side has ended it, however."""
    found = b""
    try:
        while piece := link.recv(65536):
            found += piece
    except OSError:
        pass
    return found


def inputs(world: World) -> tuple[str, str]:
    """Options for what the review of a world (`desk.make_world`) learns from."""
    lists = world.output / "tags.json"
    return f"--metadata_json={world.metadata}", f"--tag_to_hash_json={lists}"


def started(output: Path, *options: str) -> Serving:
    """Start a review of an output folder."""
    process = subprocess.Popen(
        [sys.executable, "stage4/review.py", f"--output={output}", "--workers=1", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout
    told = _LINK.fullmatch(process.stdout.readline())
    assert told, process.communicate(timeout=20)
    return Serving(process, int(told[1]), told[2])


@contextmanager
def serving(output: Path, *options: str) -> Iterator[Serving]:
    """Run a review of an output folder while the block runs."""
    found = started(output, *options)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.communicate()
