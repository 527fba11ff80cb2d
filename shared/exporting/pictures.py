"""Pictures with tags -> their bytes, out of archives and folders, as they were on scoring them.

Nothing is unpacked but the members that are wanted, under the limits of a run.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from shared.database.exports import TaggedMember
from shared.errors import Fate, SkipError
from shared.hashing import content_digest
from shared.names import container_location, unspelled
from shared.records import Limits, Member, Skipped
from shared.regular_files import read_small
from shared.sources.source import ArchiveSource, ObjectSource, Source

_CHANGED = "is not there as it was when it was scored. Run this stage again."


@dataclass(frozen=True, slots=True)
class Missed:
    """A picture that cannot be exported, and why."""

    member: TaggedMember
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture to be exported: its file byte for byte."""

    member: TaggedMember
    content: bytes


def iter_loose(members: Iterable[TaggedMember], limits: Limits) -> Iterator[Fetched | Missed]:
    """Read pictures that lie in folders, each by its name: what is beside it may have changed."""
    for member in members:
        try:
            content = read_small(loose_path(member), limits.max_member_bytes)
        except OSError as error:
            yield Missed(member, Fate.UNREADABLE, f"could not be read: {error.strerror or error}")
        else:
            yield _checked(member, content)


def loose_path(member: TaggedMember) -> Path:
    """Where a picture lies that is in no archive."""
    return Path(container_location(member.parent), unspelled(member.file_name))


def iter_archived(members: Iterable[TaggedMember], limits: Limits) -> Iterator[Fetched | Missed]:
    """Read pictures out of archives; those of one come one after the other, in its order."""
    for container, some in groupby(members, key=attrgetter("container")):
        yield from _iter_container(container_location(container), some, limits)


def source_of(location: str) -> Source:
    """Find out where an archive lies: on a disk, or in object storage."""
    path = Path(location)
    return ArchiveSource(path, path) if path.is_absolute() else ObjectSource(location)


def _iter_container(
    location: str, wanted: Iterator[TaggedMember], limits: Limits
) -> Iterator[Fetched | Missed]:
    first = next(wanted)
    one: TaggedMember | None = first
    entries = range(first.key[0], sys.maxsize)
    fate, reason = Fate.UNREADABLE, _CHANGED
    try:
        for there in source_of(location).iter_members(location, limits, entries=entries):
            while one and one.key < there.place.entry:
                yield Missed(one, fate, reason)
                one = next(wanted, None)
            if one and one.key == there.place.entry:
                yield _read(one, there)
                one = next(wanted, None)
            if one is None:
                return
    except SkipError as error:
        fate, reason = error.fate, error.reason
    while one:
        yield Missed(one, fate, reason)
        one = next(wanted, None)


def _read(wanted: TaggedMember, there: Member | Skipped) -> Fetched | Missed:
    if isinstance(there, Skipped):
        return Missed(wanted, there.fate, there.reason or _CHANGED)
    try:
        return _checked(wanted, there.read())
    except SkipError as error:
        return Missed(wanted, error.fate, error.reason)


def _checked(wanted: TaggedMember, content: bytes) -> Fetched | Missed:
    if content_digest(content) != wanted.content_sha256:
        return Missed(wanted, Fate.UNREADABLE, _CHANGED)
    return Fetched(wanted, content)
