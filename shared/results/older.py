"""Results folders of earlier runs: how much they take, and which may go."""

import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.replacing import UNFINISHED
from shared.results.answers import ANSWERS
from shared.results.files import failed
from shared.results.folder import ORIGIN_FILE, STORE_FOLDER, is_made_from, is_own_name

LATEST = "latest"
MAX_COUNTED = 200_000
"""Files that are looked at for their size: a million take seconds."""


@dataclass(frozen=True, slots=True)
class Older:
    """What earlier runs over the same source have left beside the newest results folder.

    ``n_bytes`` of the ``n_left``, of which ``n_sorted`` are kept because somebody has sorted
    pictures in them, or put something there; it ``is_more`` where not all of their files were
    looked at.
    """

    n_removed: int
    n_left: int
    n_sorted: int
    n_bytes: int
    is_more: bool


def point_to_latest(folder: Path) -> None:
    """Have the link ``latest`` beside a results folder lead to it.

    What is no link is somebody's own, and stays; so it does where there can be no links.
    """
    link = folder.with_name(LATEST)
    if os.path.lexists(link) and not link.is_symlink():
        return
    with suppress(OSError):
        if link.is_symlink() and os.readlink(link) == folder.name:  # noqa: PTH115 - only the text
            return
        new = folder.with_name(UNFINISHED + LATEST)
        new.symlink_to(folder.name)
        new.replace(link)


def tidy(newest: Path, origin: str, keep: int | None) -> Older | None:
    """Remove what is beyond the newest ``keep`` folders of one origin; none where it is None.

    Returns None where there are no others.

    Parameters
    ----------
    newest : Path
        The results folder that stands now; it counts, and stays.
    origin : str
        What `ResultsFolder.seal` was given.

    Raises
    ------
    RunError
        Where one cannot be removed.
    """
    others = [path for path in _results_folders(newest.parent, origin) if path != newest]
    if not others:
        return None
    beyond = others[max(keep, 1) - 1 :] if keep is not None else []
    sorted_in = [path for path in beyond if is_sorted_in(path)]
    removed = [path for path in beyond if path not in sorted_in]
    for path in removed:
        _remove(path)
    left = [path for path in others if path not in removed]
    n_bytes, is_more = _size(left, newest)
    return Older(len(removed), len(left), len(sorted_in), n_bytes, is_more)


def is_sorted_in(folder: Path) -> bool:
    """Tell whether pictures were moved into folders of answers, or out of them, by hand.

    So it is where somebody has put files or folders of their own beside ours. A folder's time is
    that of the last entry that came or went, and ours come before the origin; but for lists and
    pages, which follow new thresholds.
    """
    made = (folder / ORIGIN_FILE).stat().st_mtime_ns
    strangers = [path for path in folder.iterdir() if not is_own_name(path.name)]
    if any(path.is_symlink() or not path.is_dir() for path in strangers):
        return True
    below = ("*/", *(f"*/{answer}" for answer in ANSWERS))
    inner = (path for one in strangers for way in below for path in one.glob(way))
    return any(path.stat().st_mtime_ns > made for path in itertools.chain(strangers, inner))


def _results_folders(output: Path, origin: str) -> list[Path]:
    """Complete results folders of one origin, the newest first."""
    folders = [
        path
        for path in output.glob("tagging_output_*")
        if path.is_dir() and not path.is_symlink() and is_made_from(path, origin)
    ]
    return sorted(folders, key=lambda path: (path / ORIGIN_FILE).stat().st_mtime_ns, reverse=True)


def _remove(folder: Path) -> None:
    """Take its name first: what a killed run leaves of it, the next one sweeps away."""
    doomed = folder.with_name(UNFINISHED + folder.name)
    try:
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise failed(folder, error) from error


def _size(folders: Sequence[Path], newest: Path) -> tuple[int, bool]:
    """Bytes of all files, linked ones once, and whether there are more than were looked at.

    What the newest folder holds too takes no room of its own.
    """
    counted = {_identity(path) for path in itertools.islice(_iter_store(newest), MAX_COUNTED)}
    n_bytes = n_files = 0
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                n_files += 1
                if n_files > MAX_COUNTED:
                    return n_bytes, True
                path = f"{parent}{os.sep}{name}"
                if (identity := _identity(path)) not in counted:
                    counted.add(identity)
                    n_bytes += os.lstat(path).st_size
    return n_bytes, False


def _iter_store(folder: Path) -> Iterator[str]:
    """Yield one path of each picture, where entries are links to it."""
    store = folder / STORE_FOLDER
    if store.is_dir() and not store.is_symlink():
        with os.scandir(store) as entries:
            for entry in entries:
                yield entry.path


def _identity(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino
