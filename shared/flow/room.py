"""What a results folder would take on the disk: of pictures that stand, and of what is not read.

A run asks before it writes; nothing is read for it but lists of what archives hold.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from shared.classifiers.estimators import Classifier
from shared.database.contents import (
    Unread,
    count_cleared,
    count_cleared_pictures,
    iter_cleared,
    iter_contents,
    unread_totals,
)
from shared.errors import SkipError
from shared.flow.publishing import Publisher
from shared.flow.survey import iter_standing
from shared.pictures.kinds import check_is_picture
from shared.records import Limits, Member
from shared.results.folder import KeptPictures
from shared.results.room import Layout, Room, ShownFile, can_link, free_bytes, no_room, room_of
from shared.results.thumbnails import USUAL_BYTES, ThumbnailFolder
from shared.sources.source import Source


def check_room(
    publisher: Publisher,
    team: Mapping[int, Classifier],
    output: Path,
    thumbnails: ThumbnailFolder | None,
    *,
    is_scored: bool,
) -> Room:
    """Tell what a results folder and thumbnails take before any of it is written.

    Parameters
    ----------
    team : mapping of int to Classifier
        By id, in the order of the shelves.
    thumbnails : ThumbnailFolder or None
        Where those of new pictures get; None where none are made.
    is_scored : bool
        Whether all scores stand.

    Raises
    ------
    RunError
        Where the disk has not that much, as far as that can be known: which scores get into a bin
        where not all do is not, before they are scored.
    """
    if publisher.links and not can_link(output):
        publisher = replace(publisher, links=False)
    standing = standing_room(publisher, team, output, is_scored=is_scored)
    unread = publisher.database.run(unread_totals)
    room = standing + _with_thumbnails(declared_room(publisher, unread), thumbnails)
    is_known = is_scored or not publisher.shelves.hurdles
    if not is_known or room.n_all_bytes <= free_bytes(output):
        return room
    if unread.n_containers and isinstance(publisher.source.directory, Path):
        room = standing + _with_thumbnails(listed_room(publisher), thumbnails)
        if room.n_all_bytes <= free_bytes(output):
            return room
    raise no_room(output, room)


def _with_thumbnails(unread: Room, thumbnails: ThumbnailFolder | None) -> Room:
    return unread + thumbnail_room(thumbnails, unread.n_pictures) if thumbnails else unread


def thumbnail_room(thumbnails: ThumbnailFolder, n_decoded: int) -> Room:
    """Tell what the thumbnails of so many new pictures take: at most."""
    if not n_decoded:
        return Room()
    left = max(0, thumbnails.max_bytes - thumbnails.n_bytes())
    return Room(n_thumbnail_bytes=min(left, n_decoded * USUAL_BYTES))


def standing_room(
    publisher: Publisher, team: Mapping[int, Classifier], output: Path, *, is_scored: bool
) -> Room:
    """Tell what the pictures take that have been read; at most, where not all are scored.

    Parameters
    ----------
    team, is_scored
        As of `check_room`.
    """
    hurdles = publisher.shelves.hurdles
    before = publisher.before(output)
    kept = KeptPictures.of(before) if before else None
    with publisher.database.transaction() as connection:
        if not hurdles or not is_scored:
            layout = layout_of(publisher)
            rows = iter_contents(connection)
        else:
            ids = list(team)
            least = {ids[one.at]: (one.least, one.max_novelty) for one in hurdles}
            counts = count_cleared(connection, publisher.table, least)
            n_pictures = count_cleared_pictures(connection, publisher.table, least)
            n_entries = sum(counts.get(ids[one.at], 0) for one in hurdles)
            layout = layout_of(publisher, n_entries / max(1, n_pictures))
            rows = iter_cleared(connection, publisher.table, least)
        room = room_of((ShownFile(*row) for row in rows), layout, kept)
    return room + Room(is_at_most=not is_scored)


def layout_of(publisher: Publisher, n_entries: float | None = None) -> Layout:
    """Tell how pictures lie in a folder, in so many entries each; None for one a classifier."""
    n_classifiers = len(publisher.shelves.tags)
    n_tags = len(set(publisher.shelves.tags))
    return Layout(
        publisher.links, n_classifiers if n_entries is None else n_entries, n_classifiers, n_tags
    )


def declared_room(publisher: Publisher, unread: Unread) -> Room:
    """Tell what the pictures take that are not read, by what containers declare: at most."""
    if not unread.n_containers:
        return Room()
    everything = ShownFile(b"", unread.n_bytes, unread.n_entries, max(1, unread.n_entries))
    return room_of([everything], layout_of(publisher)) + Room(is_at_most=True)


def listed_room(publisher: Publisher) -> Room:
    """Tell the same by what is listed in them: nested archives too, and only pictures count."""
    return room_of(_iter_listed_contents(publisher), layout_of(publisher)) + Room(is_at_most=True)


def _iter_listed_contents(publisher: Publisher) -> Iterator[ShownFile]:
    for container in iter_standing(publisher.database):
        with suppress(SkipError):  # nothing is shown of it
            if not container.is_read:
                for one in iter_listed(publisher.source, container.location, publisher.limits):
                    yield ShownFile(b"", one.size)


def iter_listed(source: Source, location: str, limits: Limits) -> Iterator[Member]:
    """Yield what begins like a picture in a container, and read no more of it.

    Raises
    ------
    SkipError
        Where the container cannot be opened.
    """
    for member in source.iter_members(location, limits):
        if isinstance(member, Member):
            try:
                check_is_picture(member.place.name, member.head)
            except SkipError:
                continue
            yield member
