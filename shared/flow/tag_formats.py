"""Tags that other tools have left beside pictures, as texts into tags. Opens no file.

Known are ``cat.txt`` (separated by commas) and ``cat.jpg.txt`` (one a line) beside ``cat.jpg``, and
``metadata.jsonl`` and ``metadata.csv`` with ``file_name`` and ``tags`` for a whole folder.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.names import storable

TABLES = ("metadata.jsonl", "metadata.csv")
MAX_TAG_CHARACTERS = 200
MAX_TAGS = 500
"""Most tags of one picture: beyond it, a text is more likely prose than tags."""
_SEPARATORS = re.compile(r"[,\r\n]")
_LINES = re.compile(r"\r\n|\r|\n")


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
