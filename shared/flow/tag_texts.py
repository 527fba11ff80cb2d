"""Tags that people have left beside the pictures of a dataset, read once into the database.

Here is decided whose tags a text tells; what it says is read in `sidecar_tags`.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from shared.batching import iter_batches, iter_pages
from shared.database.containers import read_again
from shared.database.engine import Connection, Database
from shared.database.members import write_fates
from shared.database.surveys import Standing
from shared.database.tag_texts import (
    TagText,
    left_texts,
    pictures_beside,
    unread_containers,
    unread_texts,
    write_tags,
)
from shared.errors import Fate, SkipError
from shared.flow.reading.slices import iter_units
from shared.flow.tag_formats import (
    MAX_TAGS,
    TABLES,
    comma_tags,
    csv_tags,
    jsonl_tags,
    line_tags,
    sidecar_names,
)
from shared.names import NESTED, container_address, spelling
from shared.records import MEBIBYTE, Limits, Member, Skipped
from shared.sources.source import Source

MAX_TEXT_BYTES = MEBIBYTE
MAX_TABLE_BYTES = 16 * MEBIBYTE
MAX_BATCH_TEXTS = 64
MAX_BATCH_BYTES = 4 * MEBIBYTE
SUFFIX = ".txt"
REPLACED = "\ufffd"
_AGAIN = re.compile(r"(#\d+)?")

Tell: TypeAlias = Callable[[str, Fate, str], None]
Tags: TypeAlias = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _LoadedText:
    """What a text holds, or why that could not be had."""

    address: str
    content: bytes = b""
    problem: SkipError | None = None


def read_sidecars(database: Database, source: Source, limits: Limits, tell: Tell) -> None:
    """Read the texts of the surveyed containers that were not read before.

    Parameters
    ----------
    tell : callable
        Is told address, fate and reason of each that cannot be used; what it raises leaves that
        text unread.
    """
    pages = iter_pages(
        lambda after: database.run(unread_containers, TABLES, after), 0, attrgetter("position")
    )
    for page in pages:
        for standing in page:
            _read_container(database, source, limits, standing, tell)


def _read_container(
    database: Database, source: Source, limits: Limits, standing: Standing, tell: Tell
) -> None:
    if standing.id is None:
        return
    loaded = _iter_loaded(source, limits, standing)
    for batch in iter_batches(loaded, MAX_BATCH_TEXTS, MAX_BATCH_BYTES, lambda x: len(x.content)):
        database.run(_note, standing.id, batch, tell)
    while database.run(_note_left, standing.id, tell):
        pass


def _iter_loaded(source: Source, limits: Limits, standing: Standing) -> Iterator[_LoadedText]:
    """Yield the texts of a container, cut as it was when it was read: limits hold for each cut."""
    for unit in iter_units(standing, ()):
        try:
            for member in source.iter_members(standing.location, limits, (), unit.entries):
                if member.place.name in TABLES or member.place.name.lower().endswith(SUFFIX):
                    yield _load(member)
        except SkipError:
            return  # what is left unread is told in `_note_left`


def _load(member: Member | Skipped) -> _LoadedText:
    if isinstance(member, Skipped):
        return _LoadedText(member.place.address, problem=SkipError(member.fate, member.reason))
    try:
        _check_size(member)
        return _LoadedText(member.place.address, member.read())
    except SkipError as error:
        return _LoadedText(member.place.address, problem=error)


def _check_size(member: Member) -> None:
    allowed = MAX_TABLE_BYTES if member.place.name in TABLES else MAX_TEXT_BYTES
    if member.size > allowed:
        found = f"{member.size / MEBIBYTE:,.1f} MiB of tags"
        raise SkipError(Fate.TOO_LARGE, f"{found}, allowed {allowed // MEBIBYTE}. Split it.")


def _note(
    connection: Connection, container_id: int, batch: Sequence[_LoadedText], tell: Tell
) -> None:
    loaded = {one.address: one for one in batch}
    for text in unread_texts(connection, TABLES, container_id, list(loaded)):
        _note_one(connection, text, loaded[text.file_path], tell)


def _note_left(connection: Connection, container_id: int, tell: Tell) -> int:
    """Give up the next texts that the container held when its pictures were read."""
    left = left_texts(connection, TABLES, container_id)
    for text in left:
        reason = "could not be read again for its tags"
        lost = _LoadedText(text.file_path, problem=SkipError(Fate.UNREADABLE, reason))
        _note_one(connection, text, lost, tell)
    return len(left)


def _note_one(connection: Connection, text: TagText, loaded: _LoadedText, tell: Tell) -> None:
    tags: Tags = {}
    try:
        beside = _beside(connection, text)
        if not beside and text.file_name not in TABLES:
            write_tags(connection, text.id, ())
            return
        tags, problem = _told(text, beside, loaded)
    except SkipError as error:
        problem = error
    fate, reason = (problem.fate, problem.reason) if problem else (Fate.NOT_AN_IMAGE, "")
    if (fate, reason) != (text.fate, text.reason):
        if problem:
            tell(text.file_path, fate, reason)
        write_fates(connection, [(text.id, fate, reason)])
    if fate is Fate.UNREADABLE and text.fate != fate:  # else it is tried again by itself
        read_again(connection, text.container_id)
    write_tags(connection, text.id, tags.items())


def _folder(text: TagText) -> str:
    """Address of what holds a text, with the slash at its end."""
    return text.file_path.rpartition(text.file_name)[0]


def _beside(connection: Connection, text: TagText) -> dict[str, str]:
    """Names, by address, of the images in the same folder that a text may be named after."""
    if text.file_name in TABLES:
        return {}
    folder = _folder(text)
    bare = folder + text.file_name[: -len(SUFFIX)]
    if not text.file_path.endswith(text.file_name):
        # As many texts as pictures may share one name: all pairs of them would be too many.
        if pictures_beside(connection, bare, 1):
            raise SkipError(Fate.CORRUPT, "a second text of this name; the first one is used")
        return {}
    return {
        address: name
        for address, name in pictures_beside(connection, bare)
        if text.file_name in sidecar_names(name)
        and address.startswith(name, len(folder))
        and _AGAIN.fullmatch(address, len(folder) + len(name))
    }


def _told(
    text: TagText, beside: dict[str, str], loaded: _LoadedText
) -> tuple[Tags, SkipError | None]:
    """Tags by address of a picture, and what of the text could not be used."""
    if loaded.problem:
        raise loaded.problem
    written = loaded.content.decode(errors="replace")
    if "\0" in written:
        raise SkipError(Fate.CORRUPT, "named like a text with tags, but it is no text in UTF-8")
    if text.file_name in TABLES:
        tags, problem = _told_by_table(text, written)
    else:
        tags, problem = _told_by_text(text, beside, written), None
    if REPLACED not in written or REPLACED.encode() in loaded.content:
        return tags, problem
    sound = {path: [tag for tag in told if REPLACED not in tag] for path, told in tags.items()}
    not_utf8 = SkipError(Fate.CORRUPT, "not all of it is UTF-8; the tags that are not are left out")
    return sound, problem or not_utf8


def _told_by_text(text: TagText, beside: dict[str, str], written: str) -> Tags:
    by_commas, by_lines = comma_tags(written), line_tags(written)
    tags = {
        address: by_commas if text.file_name == sidecar_names(name)[0] else by_lines
        for address, name in beside.items()
    }
    if (most := max(map(len, tags.values()))) > MAX_TAGS:
        raise SkipError(Fate.TOO_LARGE, f"{most:,} tags for one picture, allowed {MAX_TAGS}")
    return tags


def _told_by_table(text: TagText, written: str) -> tuple[Tags, SkipError | None]:
    found = (jsonl_tags if text.file_name == TABLES[0] else csv_tags)(written)
    folder = _folder(text)
    tags: Tags = {}
    for name, listed in found.tags.items():
        tags.setdefault(_address(folder, name), []).extend(listed)
    if not found.problems:
        return tags, None
    (line, sentence), n_others = found.problems[0], len(found.problems) - 1
    others = f", and {n_others} more lines like it" if n_others else ""
    return tags, SkipError(Fate.CORRUPT, f"line {line}: {sentence}{others}")


def _address(folder: str, name: str) -> str:
    """Address of a file that is named from a folder, with slashes of either kind."""
    path = posixpath.normpath(name.replace("\\", "/"))
    if folder.endswith("\\"):
        path = path.replace("/", "\\")
    return folder + (spelling(path) if NESTED in folder else container_address(path))
