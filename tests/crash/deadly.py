"""Stage 4 with a decoder that has a fault: of a file that ends in ``deadly`` its process dies, and
of one that ends in ``hungry`` it runs out of memory. What this file defines goes to workers too.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# The project's folder goes on the path first.
from shared.flow.reading import processes, readings  # noqa: E402
from shared.flow.reading.slices import ReadingContext  # noqa: E402
from shared.pictures.opening import Opened, open_picture  # noqa: E402
from shared.records import Limits  # noqa: E402

SCRIPT = ROOT / "stage4" / "classify_zip.py"


def _open_picture(content: bytes, limits: Limits) -> Opened:
    if content.endswith(b"deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    if content.endswith(b"hungry"):
        raise MemoryError
    return open_picture(content, limits)


def _install() -> None:
    vars(readings)["open_picture"] = _open_picture


def _start_worker(context: ReadingContext, parent: int) -> None:
    _install()
    start_worker(context, parent)


if __name__ == "__main__":
    start_worker = processes._start_worker
    vars(processes)["_start_worker"] = _start_worker
    _install()
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    assert spec
    assert spec.loader
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    command.main()
