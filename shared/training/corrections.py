"""Pictures that a person has moved into ``<tag>/_yes/`` or ``<tag>/_no/`` of a results folder.

They are found by the hash of their pixels, so names do not matter. `labels.sqlite` keeps them, and
they win over the tag lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.database.labels import Label, load_labels, note_labels, open_labels
from shared.errors import RunError, SkipError
from shared.fates import Fate
from shared.images import open_picture
from shared.names import file_name, storable
from shared.progress import Progress
from shared.records import Limits
from shared.training.tags import NO_TAGS, TagLists

LABELS_FILE = "labels.sqlite"
ANSWERS = {"_yes": True, "_no": False}
_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Corrected:
    """Tag lists after what people said; ``denied`` pictures, by tag, are known not to have it."""

    tags: TagLists
    denied: TagLists


def iter_corrections(
    folder: Path, tags: Iterable[str], started: datetime, progress: Progress
) -> Iterator[Label]:
    """Yield a label for each picture that stands in an answer's folder.

    Files that are no pictures, and folders of no known tag, are told of and left out; so is a
    picture that has both answers for one tag.

    Raises
    ------
    RunError
        Where the folder is none, or cannot be read.
    """
    if not folder.is_dir():
        raise RunError(str(folder), "is no folder", "Give a results folder to --corrections.")
    answers: dict[tuple[str, str], Label] = {}
    contrary = set()
    for label in _iter_read(folder, _tags_by_folder(tags), started, progress):
        key = (label.hash_id, label.tag)
        if key in answers and answers[key].has_tag != label.has_tag:
            contrary.add(key)
            progress.say(f"{label.source} is in both _yes and _no of {label.tag}: left out")
        answers[key] = label
    yield from (label for key, label in answers.items() if key not in contrary)


def kept_labels(output: Path, new: Iterable[Label]) -> list[Label]:
    """Add labels to those that the output folder keeps, and return them all."""
    path = output / LABELS_FILE
    if new := list(new):
        with open_labels(path) as database:
            database.run(note_labels, new)
    return load_labels(path)


def corrected(tags: TagLists, labels: Iterable[Label]) -> Corrected:
    """Let labels win over tag lists; a label of a tag that is not listed has no effect."""
    lists = {tag: dict.fromkeys(hashes) for tag, hashes in tags.items()}
    denied: TagLists = defaultdict(list)
    for label in labels:
        if label.tag not in lists:
            continue
        if label.has_tag:
            lists[label.tag][label.hash_id] = None
        else:
            lists[label.tag].pop(label.hash_id, None)
            denied[label.tag].append(label.hash_id)
    return Corrected({tag: list(hashes) for tag, hashes in lists.items()}, dict(denied))


def _tags_by_folder(tags: Iterable[str]) -> dict[str, str | None]:
    """Find tags by the names that their folders have; None where two tags have the same one."""
    found: dict[str, str | None] = {}
    for tag in sorted(set(tags) - NO_TAGS):
        name = file_name(tag.replace("/", "_").replace("\\", "_"))
        found[name] = None if name in found else tag
    return found


def _iter_read(
    folder: Path, tags: dict[str, str | None], started: datetime, progress: Progress
) -> Iterator[Label]:
    date = started.strftime(_DATE_FORMAT)
    for judged in sorted(path for name in ANSWERS for path in folder.rglob(name)):
        tag = tags.get(judged.parent.name)
        if tag is None:
            progress.say(f"{judged} is left out: no tag, or more than one, is called so")
            continue
        for path in _files(judged):
            try:
                found = _hash(path)
            except SkipError as error:
                progress.problem(str(path), error.reason)
            else:
                source = storable(str(path.absolute()))
                yield Label(found, tag, ANSWERS[judged.name], source, date)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise RunError(str(folder), found, "Allow it to be read.") from error


def _hash(path: Path) -> str:
    limits = Limits()
    try:
        if path.stat().st_size > limits.max_member_bytes:
            raise SkipError(Fate.TOO_LARGE, f"more than {limits.max_member_bytes} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise SkipError(Fate.UNREADABLE, f"cannot be read: {error.strerror}") from error
    return open_picture(content, limits).picture.hash_id
