"""Pictures by their addresses and hashes alone -> their bytes, where they are still the same.

No database is asked: an archive is gone through until all are found that are wanted of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Fate, SkipError
from shared.exporting.pictures import source_of
from shared.names import NESTED, container_location
from shared.pictures.opening import open_picture
from shared.records import Limits, Member, Picture, Skipped
from shared.regular_files import read_small
from shared.training.suggesting import Suggestion


@dataclass(frozen=True, slots=True)
class TakenPicture:
    """A suggested picture, byte for byte."""

    suggestion: Suggestion
    content: bytes
    picture: Picture


@dataclass(frozen=True, slots=True)
class LostPicture:
    """A suggested picture that cannot be had, and why."""

    suggestion: Suggestion
    fate: Fate
    reason: str


def iter_taken(found: Iterable[Suggestion], limits: Limits) -> Iterator[TakenPicture | LostPicture]:
    """Read pictures where their addresses say; those of one archive come one after the other."""
    by_archive: dict[str, list[Suggestion]] = defaultdict(list)
    for one in found:
        archive, nested, _ = one.file_path.partition(NESTED)
        by_archive[archive if nested else ""].append(one)
    for one in by_archive.pop("", []):
        yield _loose(one, limits)
    for archive, some in by_archive.items():
        yield from _iter_archived(container_location(archive), some, limits)


def _loose(one: Suggestion, limits: Limits) -> TakenPicture | LostPicture:
    path = Path(container_location(one.file_path))
    if not path.is_absolute():  # it would be looked for wherever the command happens to run
        return LostPicture(one, Fate.UNREADABLE, "nothing tells in which folder it lies")
    try:
        return _checked(one, read_small(path, limits.max_member_bytes), limits)
    except OSError as error:
        reason = f"could not be read: {error.strerror or error}"
        return LostPicture(one, Fate.UNREADABLE, reason)


def _iter_archived(
    location: str, some: Iterable[Suggestion], limits: Limits
) -> Iterator[TakenPicture | LostPicture]:
    wanted = {one.file_path: one for one in some}
    fate, reason = Fate.UNREADABLE, "is not in its archive any more"
    try:
        for there in _iter_members(location, limits):
            if one := wanted.pop(there.place.address, None):
                yield _read(one, there, limits)
            if not wanted:
                return
    except SkipError as error:
        fate, reason = error.fate, error.reason
    for one in wanted.values():
        yield LostPicture(one, fate, reason)


def _iter_members(location: str, limits: Limits) -> Iterator[Member | Skipped]:
    if not (Path(location).is_absolute() or "://" in location):
        raise SkipError(Fate.UNREADABLE, "nothing tells in which folder its archive lies")
    yield from source_of(location).iter_members(location, limits)


def _read(one: Suggestion, there: Member | Skipped, limits: Limits) -> TakenPicture | LostPicture:
    if isinstance(there, Skipped):
        return LostPicture(one, there.fate, there.reason or there.fate)
    try:
        return _checked(one, there.read(), limits)
    except SkipError as error:
        return LostPicture(one, error.fate, error.reason)


def _checked(one: Suggestion, content: bytes, limits: Limits) -> TakenPicture | LostPicture:
    try:
        picture = open_picture(content, limits).picture
    except SkipError as error:
        return LostPicture(one, error.fate, error.reason)
    if picture.hash_id != one.hash_id:
        return LostPicture(one, Fate.UNREADABLE, "another picture lies there now")
    return TakenPicture(one, content, picture)
