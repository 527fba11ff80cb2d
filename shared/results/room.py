"""How much room a results folder takes on the disk, and whether that is there.

Nothing is written but a try whether links can be made.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.errors import RunError
from shared.replacing import UNFINISHED
from shared.results.folder import KeptPictures

BLOCK_BYTES = 4096
"""A file takes whole blocks, on most disks of this size."""
NAME_BYTES = 64
"""A name of 11 letters takes 26 in a folder, reserve included; others are longer."""
PICTURE_BYTES = 500
CLASSIFIER_BYTES = 60
TAG_BYTES = 420
"""What a picture takes in `output.json` and on pages: by itself, and for each of these."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How pictures lie in a results folder: each in so many entries, which are links or copies."""

    links: bool
    n_entries: float
    n_classifiers: int
    n_tags: int


@dataclass(frozen=True, slots=True)
class ShownFile:
    """Some files that are shown, mostly one: their bytes, and how many pictures they are.

    ``digest`` is empty where it is not known yet.
    """

    digest: bytes
    n_bytes: int
    n_pictures: int = 1
    n_files: int = 1

    @property
    def n_disk_bytes(self) -> int:
        """What they take in whole blocks; of several files, on average."""
        if self.n_files == 1:
            return -(-self.n_bytes // BLOCK_BYTES) * BLOCK_BYTES
        return self.n_bytes + self.n_files * BLOCK_BYTES // 2


@dataclass(frozen=True, slots=True)
class Room:
    """What a results folder takes: files with bytes of their own, links to them, bytes of all.

    Of the files ``n_shared`` lie in the folder before already and take no bytes. It takes
    ``is_at_most`` so much where not all is known. It shows ``n_pictures``. Beside it the thumbnails
    of new pictures take ``n_thumbnail_bytes`` at most.
    """

    n_files: int = 0
    n_links: int = 0
    n_bytes: int = 0
    n_shared: int = 0
    is_at_most: bool = False
    n_pictures: int = 0
    n_thumbnail_bytes: int = 0

    @property
    def n_all_bytes(self) -> int:
        """What all of it takes of the disk."""
        return self.n_bytes + self.n_thumbnail_bytes

    def __add__(self, other: "Room") -> "Room":
        return Room(
            self.n_files + other.n_files,
            self.n_links + other.n_links,
            self.n_bytes + other.n_bytes,
            self.n_shared + other.n_shared,
            self.is_at_most or other.is_at_most,
            self.n_pictures + other.n_pictures,
            self.n_thumbnail_bytes + other.n_thumbnail_bytes,
        )

    def words(self) -> str:
        """Say it in a part of a sentence."""
        most = "at most " if self.is_at_most else ""
        shared = f" ({self.n_shared:,} of them there already)" if self.n_shared else ""
        links = f", {counted(self.n_links, 'link')}" if self.n_links else ""
        thumbnails = self.n_thumbnail_bytes
        beside = f", thumbnails at most {megabytes(thumbnails)}" if thumbnails else ""
        files = f"{counted(self.n_files, 'file')}{shared}{links}"
        return f"{most}{files}, {megabytes(self.n_bytes)}{beside}"


def room_of(
    contents: Iterable[ShownFile], layout: Layout, kept: KeptPictures | None = None
) -> Room:
    """Add up what pictures take in a results folder.

    Parameters
    ----------
    contents : iterable of ShownFile
        Each different file once; of those that are not known to be the same, each.
    layout : Layout
        How they lie there.
    kept : KeptPictures or None
        What can be linked from the folder before.
    """
    n_files = n_bytes = n_shared = n_pictures = 0
    for one in contents:
        n_pictures += one.n_pictures
        n_files += one.n_files
        if layout.links and kept and kept.has(one.digest, one.n_bytes):
            n_shared += 1
        elif layout.links:
            n_bytes += one.n_disk_bytes
        else:
            # One copy more goes when all are placed.
            n_bytes += round(
                one.n_disk_bytes * (1 + one.n_pictures / one.n_files * layout.n_entries)
            )
    n_entries = round(n_pictures * layout.n_entries)
    aside = PICTURE_BYTES + CLASSIFIER_BYTES * layout.n_classifiers + TAG_BYTES * layout.n_tags
    n_bytes += (n_entries + n_files) * NAME_BYTES + n_pictures * aside
    if not layout.links:
        return Room(n_entries, 0, n_bytes, n_pictures=n_pictures)
    return Room(n_files, n_entries, n_bytes, n_shared, n_pictures=n_pictures)


def free_bytes(folder: Path) -> int:
    """Bytes that are left on the disk of a folder, which need not be there yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def no_room(folder: Path, room: Room) -> RunError:
    """Say that the disk has not what a results folder takes."""
    left = megabytes(free_bytes(folder))
    return RunError(
        str(folder),
        f"the results folder takes {room.words()}, and the disk has {left} left",
        "Make room, choose another --output, or ask for less: --results_min_score, --results=none"
        f"{', no --thumbnails' if room.n_thumbnail_bytes else ''}.",
    )


def can_link(folder: Path) -> bool:
    """Try whether the file system makes hard links."""
    file, link = (folder / f"{UNFINISHED}{name}" for name in ("file", "link"))
    try:
        file.touch()
        os.link(file, link)
    except OSError:
        return False
    finally:
        for path in (file, link):
            path.unlink(missing_ok=True)
    return True


def megabytes(n_bytes: int) -> str:
    """Spell a size: in megabytes, and in gigabytes where there are many."""
    if n_bytes >= 10e9:
        return f"{n_bytes / 1e9:,.1f} GB"
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes >= 10e6 else f"{n_bytes / 1e6:.1f} MB"


def counted(count: int, noun: str) -> str:
    """Spell a number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
