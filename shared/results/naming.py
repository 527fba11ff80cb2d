"""Names in the output folder: of results folders, and of the folders in them.

Those in them are named after what strangers called types and tags.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from shared.hashing import content_digest
from shared.names import file_name

_OWN_FILES = ("output.json", "problems.csv")


def folder_name(started: datetime) -> str:
    """Name of a results folder: ``tagging_output_2023_1_21_0_56``."""
    numbers = (started.year, started.month, started.day, started.hour, started.minute)
    return "tagging_output_" + "_".join(map(str, numbers))


def free_path(output: Path, name: str) -> Path:
    """Path of this name in the output folder, or of the first with ``_2``, ``_3``, ... if taken."""
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(path for path in map(output.joinpath, names) if not os.path.lexists(path))


def unique_folders(paths: Sequence[tuple[str, str]], distinctions: Sequence[str]) -> list[str]:
    """Relative folder for each pair of strangers' texts: cleaned, and different for each.

    Examples
    --------
    >>> unique_folders([("svm", "a/b"), ("svm", "cat"), ("svm", "cat")], ["x", "y", "z"])
    ['svm/a_b', 'svm/cat', 'svm/cat~z']
    """
    taken: set[str] = set()
    folders = []
    for (above, last), distinction in zip(paths, distinctions, strict=True):
        parent = _clean(above)
        if parent.casefold() in _OWN_FILES:
            parent += "_"
        for name in _iter_names(last, distinction):
            folder = f"{parent}{os.sep}{name}"
            if folder.casefold() not in taken:
                break
        taken.add(folder.casefold())
        folders.append(folder)
    return folders


def _iter_names(text: str, distinction: str) -> Iterator[str]:
    """Yield ever other names for a text: as it is, with its distinction, with digests."""
    yield _clean(text)
    yield _clean(f"{text}~{distinction}")
    for attempt in itertools.count():
        yield file_name(_clean(text), content_digest(f"{distinction} {attempt}".encode()).hex()[:8])


def _clean(text: str) -> str:
    return file_name(text.replace("/", "_").replace("\\", "_"))
