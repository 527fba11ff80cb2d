"""Where pictures come from: archives below a directory or a URL, or the loose files of folders.

All give the same two streams, so that one flow serves stages 3 and 4, and stage 1 either way.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from shared.errors import Fate, RunError
from shared.hashing import content_digest
from shared.records import Container, EntryKey, Limits, Member, Skipped
from shared.regular_files import resolved
from shared.sources.folders import (
    check_folder,
    emptied_above,
    folder_container,
    iter_files,
    iter_folder_members,
    iter_folders,
)
from shared.sources.objects import directory_url, iter_object_urls
from shared.sources.zips.container import archive_container, is_archive_file, is_named_archive
from shared.sources.zips.members import iter_members


@dataclass(frozen=True, slots=True)
class Lost(Container):
    """What could not even be listed or looked at: nobody knows what lies below it."""


class Source(Protocol):
    """Containers, and the members of each. Picklable, so that worker processes can read too."""

    @property
    def directory(self) -> Path | str:
        """What the user named, as an absolute path or a URL."""

    @property
    def kind(self) -> str:
        """What its containers are, in the plural."""

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        """Tell which folder may have lost its drive, where a container is not there any more.

        Returns the folder and what is strange about it; None where nothing is.
        """

    def iter_found(self) -> Iterator[Container | Path | str]:
        """Yield the containers that are there now, sorted, and by its place what is left alone.

        Raises
        ------
        RunError
            Where there is nothing at the directory's path, or something of the wrong kind.
        """

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        """Yield the members of one container, in order, after an entry, and of these entries.

        Raises
        ------
        SkipError
            Where the container cannot be opened.
        """


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The archives at any depth below a directory, or one archive; ``excluded`` is left out."""

    directory: Path
    excluded: Path
    kind: ClassVar[str] = "archives"

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        """Find the folder that is empty now, or on another disk than it was."""
        return _lost_folder(self.directory, location, device)

    def iter_found(self) -> Iterator[Container | Path]:
        """Yield every archive; other files, which are not this source's, by their paths."""
        _check_exists(self.directory)
        if not self.directory.is_dir():
            yield archive_container(self.directory)
            return
        for found in iter_files(self.directory, self.excluded):
            if isinstance(found, Skipped):
                yield _lost(found) if _may_hold_archives(found) else Path(found.place.address)
            elif is_archive_file(found):
                yield archive_container(found)
            else:
                yield found

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        """Yield the members of an archive; of a folder that is not entered, raise why."""
        path = Path(location)
        if path.is_dir():
            check_folder(path)
        return iter_members(path, limits, start_after, entries)


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """The zip archives at or below a URL in object storage, as `directory_url` spells it."""

    directory: str
    kind: ClassVar[str] = "archives"

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        """Find none: what a storage lists is all that there is."""
        del location, device
        return None

    def iter_found(self) -> Iterator[Container | str]:
        """Yield every archive; other objects, which are not this source's, by their URLs."""
        for url in iter_object_urls(self.directory):
            yield archive_container(url) if is_archive_file(url) else url

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        """Yield the members of an archive, read by ranges of bytes."""
        return iter_members(location, limits, start_after, entries)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The loose files at any depth below a directory; ``excluded`` is left out."""

    directory: Path
    excluded: Path
    kind: ClassVar[str] = "folders"

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        """Find the folder that is empty now, or on another disk than it was."""
        return _lost_folder(self.directory, location, device)

    def iter_found(self) -> Iterator[Container | Path]:
        """Yield every folder that holds files."""
        _check_exists(self.directory)
        if not self.directory.is_dir():
            remedy = "Name the folder that the images are in; stage 4 reads archives."
            raise RunError(str(self.directory), "a file, a folder is needed", remedy)
        for found in iter_folders(self.directory, self.excluded):
            yield _lost(found) if isinstance(found, Skipped) else folder_container(found)

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        """Yield the files of a folder."""
        before = (entries.start - 1,) if entries and entries.start else ()
        members = iter_folder_members(Path(location), limits, max(before, start_after))
        if entries is None:
            return members
        return itertools.takewhile(lambda member: member.place.entry[0] < entries.stop, members)


def _lost_folder(directory: Path, location: str, device: int) -> tuple[str, str] | None:
    found = emptied_above(directory, Path(location), device)
    return (str(found[0]), found[1]) if found else None


def archive_source(place: Path | str, excluded: Path) -> Source:
    """Choose how stage 4 reads: a URL as object storage, anything else as files.

    Raises
    ------
    RunError
        Where nothing is installed that speaks the URL's protocol.
    """
    if isinstance(place, str):
        return ObjectSource(directory_url(place))
    return ArchiveSource(resolved(place), excluded)


def dataset_source(path: Path, excluded: Path) -> Source:
    """Choose how stage 1 reads: a folder as loose files, anything else as an archive."""
    return FolderSource(path, excluded) if path.is_dir() else ArchiveSource(path, excluded)


def check_there(source: Source) -> None:
    """Refuse a directory on disk that is not there, before anything in it is looked at.

    Raises
    ------
    RunError
        Where there is nothing at its path.
    """
    if isinstance(source.directory, Path):
        _check_exists(source.directory)


def _check_exists(directory: Path) -> None:
    if not directory.exists():
        remedy = "See that the path is right, seen from the folder that you are in."
        raise RunError(str(directory), "no such file or folder", remedy)


def _may_hold_archives(found: Skipped) -> bool:
    is_folder = found.fate is Fate.UNREADABLE or Path(found.place.address).is_dir()
    return is_folder or is_named_archive(found.place.name)


def _leads_nowhere(found: Skipped) -> bool:
    """Tell whether it is a link to what is not there: perhaps the disk that it is on is away."""
    path = Path(found.place.address)
    return path.is_symlink() and not path.exists()


def _lost(found: Skipped) -> Lost:
    """Stand for what could not even be listed; `iter_members` meets the same failure again."""
    stamp = content_digest(found.reason.encode())
    is_kept = found.fate is Fate.UNREADABLE or _leads_nowhere(found)
    unreadable = found.reason if is_kept else ""
    return Lost(found.place.address, found.place.address, stamp, 0, unreadable)
