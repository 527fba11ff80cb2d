"""Tags that people have left beside the pictures of a dataset, read once into the database.

Known are ``cat.txt`` (separated by commas) and ``cat.jpg.txt`` (one a line) beside ``cat.jpg``, and
``metadata.jsonl`` and ``metadata.csv`` with ``file_name`` and ``tags`` for a whole folder.
"""

import csv
import io
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
from shared.names import NESTED, container_address, spelling, storable
from shared.records import MEBIBYTE, Limits, Member, Skipped
from shared.sources.source import Source

TABLES = ("metadata.jsonl", "metadata.csv")
MAX_TAG_CHARACTERS = 200
MAX_TAGS = 500
"""Most tags of one picture: beyond it, a text is more likely prose than tags."""
_SEPARATORS = re.compile(r"[,\r\n]")
_LINES = re.compile(r"\r\n|\r|\n")
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
class TaggedFiles:
    """What a table tells: tags by file name as it is spelled there, and the lines not understood.

    Each of ``problems`` is a number of a line, from 1, and a sentence.
    """

    tags: dict[str, list[str]] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def sidecar_names(file_name: str) -> tuple[str, str]:
    """Names of the two texts that may stand beside a picture: by commas, and by lines.

    Examples
    --------
    >>> sidecar_names("a.cat.jpg")
    ('a.cat.txt', 'a.cat.jpg.txt')
    """
    stem, dot, _ = file_name.rpartition(".")
    return f"{stem if dot and stem else file_name}.txt", f"{file_name}.txt"


def comma_tags(text: str) -> list[str]:
    """Tags of ``name.txt``, separated by commas; lines may be broken anywhere between them."""
    return _unique(_SEPARATORS.split(_bare(text)))


def line_tags(text: str) -> list[str]:
    """Tags of ``name.jpg.txt``, one a line; a comma is part of a tag."""
    return _unique(_LINES.split(_bare(text)))


def jsonl_tags(text: str) -> TaggedFiles:
    """Tags of ``metadata.jsonl``: an object a line, ``tags`` a list of texts or one by commas."""
    found = TaggedFiles()
    for number, line in enumerate(_LINES.split(_bare(text)), start=1):
        if line.strip():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                found.problems.append((number, "no JSON object"))
            else:
                _add(found, number, entry)
    return found


def csv_tags(text: str) -> TaggedFiles:
    """Tags of ``metadata.csv``: columns ``file_name`` and ``tags``, the tags by commas."""
    found = TaggedFiles()
    reader = csv.DictReader(io.StringIO(_bare(text), newline=""))
    try:
        if not {"file_name", "tags"} <= set(reader.fieldnames or ()):
            found.problems.append((1, "no columns file_name and tags"))
            return found
        for row in reader:
            _add(found, reader.line_num, row)
    except csv.Error as error:
        found.problems.append((reader.line_num + 1, f"no CSV: {error}"))
    return found


def _add(found: TaggedFiles, number: int, entry: object) -> None:
    if not isinstance(entry, dict):
        found.problems.append((number, "no JSON object"))
        return
    name, listed = entry.get("file_name"), entry.get("tags")
    if not isinstance(name, str) or not name:
        found.problems.append((number, "no file_name"))
    elif isinstance(listed, str):
        _merge(found, number, name, comma_tags(listed))
    elif isinstance(listed, list) and all(isinstance(one, str) for one in listed):
        _merge(found, number, name, _unique(listed))
    else:
        found.problems.append((number, "tags are no text and no list of texts"))


def _merge(found: TaggedFiles, number: int, name: str, tags: list[str]) -> None:
    merged = _unique([*found.tags.get(name, []), *tags])
    if len(merged) > MAX_TAGS:
        found.problems.append((number, f"more than {MAX_TAGS} tags for one picture"))
    else:
        found.tags[name] = merged


def _unique(tags: Iterable[str]) -> list[str]:
    """Strip, leave out what is empty or no tag by its length, and keep the first of equal ones."""
    stripped = (storable(tag.strip()) for tag in tags)
    return list(dict.fromkeys(tag for tag in stripped if 0 < len(tag) <= MAX_TAG_CHARACTERS))


def _bare(text: str) -> str:
    return text.removeprefix("\ufeff")


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
