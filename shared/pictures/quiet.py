"""Silence around Pillow: it warns on stderr about what becomes a fate here, or does no harm.

Only warnings that arise in Pillow's own modules are held back, and only while it works.
"""

import ctypes
import logging
import threading
import warnings

from PIL import _imaging


class _Silence:
    """A context in which Pillow's warnings are held back, in whichever thread.

    Python keeps one list of warning filters for all threads, and what `warnings.catch_warnings`
    restores in one thread may be what another one is using. So the first thread that enters sets
    the filter, and the last one that leaves takes it away.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._n_inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._filters.__exit__(None, None, None)


pillow_silenced = _Silence()


def silence_logs() -> None:
    """Keep Pillow's log and the C library below it from printing what they find in a broken TIFF.

    Pillow turns off libtiff's warnings, and not its errors. Where the library cannot be reached
    from here, its lines stay: they are only untidy.
    """
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    set_handler(None)
