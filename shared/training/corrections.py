"""Pictures that a person has moved into ``<tag>/_yes/`` or ``<tag>/_no/`` of a results folder.

They are found by the hash of their pixels, so names do not matter. `labels.sqlite` keeps them, and
they win over the tag lists. What a person has moved and cannot be used is told and counted.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from shared.database.labels import Label, load_labels, note_labels, open_labels
from shared.errors import Fate, RunError, SkipError
from shared.names import file_name, is_litter, storable
from shared.pictures.opening import open_picture
from shared.progress import Progress
from shared.records import GIBIBYTE, Limits
from shared.regular_files import NotRegularError, TooLargeError, read_small
from shared.results.files import make_folder
from shared.results.folder import ANSWERS
from shared.training.tags import NO_TAGS, TagLists

LABELS_FILE = "labels.sqlite"
LIMITS = Limits(max_megapixels=1000, max_member_bytes=4 * GIBIBYTE)
"""Far above those of other stages, which let the picture through with limits unknown here."""
_DATE_FORMAT = "%Y-%m-%d, %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a person said in one results folder; ``n_left_out`` of the files there said nothing."""

    labels: tuple[Label, ...]
    n_left_out: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """Tag lists after what people said; ``denied`` pictures, by tag, are known not to have it."""

    tags: TagLists
    denied: TagLists


def check_corrections(folder: Path) -> None:
    """Refuse what is no folder: `RunError`."""
    if not folder.is_dir():
        raise RunError(str(folder), "is no folder", "Give a results folder to --corrections.")


def load_corrections(
    folder: Path, tags: Iterable[str], started: datetime, progress: Progress
) -> Corrections:
    """Load a label for each picture that stands in an answer's folder.

    Files that are no pictures, and folders of no known tag, are told of and left out; so is a
    picture that has both answers for one tag. That there is no answer at all is told too.

    Raises
    ------
    RunError
        Where the folder is none, or a folder in it cannot be read.
    """
    check_corrections(folder)
    answers: dict[tuple[str, str], Label] = {}
    contrary = set()
    n_unused = 0
    for found in _iter_read(folder, _tags_by_folder(tags), started):
        if isinstance(found, str):
            n_unused += 1
            progress.say(f"{found}: left out")
            continue
        key = (found.hash_id, found.tag)
        if answers.setdefault(key, found).has_tag != found.has_tag and key not in contrary:
            contrary.add(key)
            progress.say(f"{found.source} is in both _yes and _no of {found.tag}: left out")
    if not answers and not n_unused:
        progress.say(f"{storable(str(folder))}: no picture in it lies in a folder _yes or _no")
    labels = (label for key, label in answers.items() if key not in contrary)
    return Corrections(tuple(labels), n_unused + len(contrary))


def kept_labels(output: Path, new: Iterable[Label]) -> list[Label]:
    """Add labels to those that the output folder keeps, and return them all."""
    path = output / LABELS_FILE
    if new := list(new):
        make_folder(output)
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
    folder: Path, tags: dict[str, str | None], started: datetime
) -> Iterator[Label | str]:
    """Yield what each file says; of one that says nothing, its name and the reason."""
    date, place = started.strftime(_DATE_FORMAT), storable(str(folder.resolve()))
    for judged in sorted(_iter_judged(folder)):
        tag = tags.get(judged.parent.name)
        for path in _files(judged):
            source = storable(str(path.absolute()))
            if tag is None:
                yield f"{source}: no tag, or more than one, is called {judged.parent.name}"
                continue
            try:
                found = _hash(path)
            except SkipError as error:
                yield f"{source}: {error.reason}"
            else:
                yield Label(found, tag, ANSWERS[judged.name], source, date, place)


def _iter_judged(folder: Path) -> Iterator[Path]:
    for path, names, _ in os.walk(folder, onerror=_refuse):
        yield from (Path(path) / name for name in names if name in ANSWERS)


def _files(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        _refuse(error)
    return [path for path in paths if path.name[0] != "." and not is_litter(path.name)]


def _refuse(error: OSError) -> NoReturn:
    found = f"cannot be read: {error.strerror}"
    raise RunError(str(error.filename), found, "Allow it to be read.") from error


def _hash(path: Path) -> str:
    try:
        content = read_small(path, LIMITS.max_member_bytes)
    except NotRegularError as error:
        raise SkipError(Fate.NOT_REGULAR, "a folder or the like, no plain file") from error
    except TooLargeError as error:
        allowed = LIMITS.max_member_bytes // GIBIBYTE
        raise SkipError(Fate.TOO_LARGE, f"more than {allowed} GiB") from error
    except OSError as error:
        raise SkipError(Fate.UNREADABLE, f"cannot be read: {error.strerror}") from error
    return open_picture(content, LIMITS).picture.hash_id
