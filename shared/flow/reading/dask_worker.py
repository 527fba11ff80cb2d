"""What a Dask cluster's workers run: this project's reading, one unit at a time per process.

Units, contexts and results come and go as bytes, so that the scheduler, which looks into what it
passes on, needs nothing of this project.
"""

import pickle
from threading import Lock

from shared.errors import RunError
from shared.flow.reading.slices import Reader, ReadingContext, Unit, UnitResult

_one_at_a_time = Lock()
_open: dict[str, Reader] = {}


def read_packed(run: str, context: bytes, unit: bytes) -> bytes:
    """Read a unit for a run, which is told by a text of its own.

    Returns
    -------
    bytes
        A pickled `UnitResult`, or the pickled `RunError` that ends the run.
    """
    with _one_at_a_time:
        return pickle.dumps(_read(run, pickle.loads(context), pickle.loads(unit)))  # noqa: S301


def forget(run: str) -> None:
    """Close what has been opened for a run."""
    with _one_at_a_time:
        if reader := _open.pop(run, None):
            reader.__exit__(None, None, None)


def _read(run: str, context: ReadingContext, unit: Unit) -> UnitResult | RunError:
    try:
        if run not in _open:
            _open[run] = Reader(context).__enter__()
        return _open[run].read(unit)
    except RunError as error:
        return error
