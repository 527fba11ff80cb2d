"""How many worker processes the machine's memory allows, each with an embedder of its own."""

import math
import os
import sys

SHARE = 0.5
"""Of the machine's memory, what the embedders of all processes may take together."""


def workers_within_memory(n_workers: int, process_bytes: int) -> int:
    """Return as many workers as asked for, or fewer where their embedders would not fit.

    Parameters
    ----------
    n_workers : int
        As asked for, 1 or more.
    process_bytes : int
        What the embedder takes in each process.
    """
    if not process_bytes:
        return n_workers
    return max(1, min(n_workers, math.floor(_most_bytes() / process_bytes)))


def _most_bytes() -> float:
    try:
        return SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return sys.maxsize
