"""The pictures in ``<tag>/_yes/`` and ``<tag>/_no/`` of a results folder, and those in the bins.

They are found by the hash of their pixels, so names do not matter. Nothing is decided here.
"""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from shared.errors import Fate, RunError, SkipError
from shared.names import file_name, is_litter, printable, storable
from shared.pictures.opening import open_picture
from shared.records import GIBIBYTE, Limits
from shared.regular_files import NotRegularError, TooLargeError, read_small
from shared.results.answers import ANSWERS
from shared.training.tags import NO_TAGS

LIMITS = Limits(max_megapixels=1000, max_member_bytes=4 * GIBIBYTE)
"""Far above those of other stages, which let the picture through with limits unknown here."""
_BIN = re.compile(r"[01]\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A picture in the folder of an answer; ``source`` is its file, storable."""

    hash_id: str
    tag: str
    has_tag: bool
    source: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that a person has put somewhere, and that says nothing."""

    address: str
    fate: Fate
    reason: str


class AnsweredFolder:
    """A results folder in which a person may have moved pictures.

    ``noted`` are the tags of folders, relative to it, as `load_shown` knows them.

    Raises
    ------
    RunError
        Where a folder in it cannot be read.
    """

    def __init__(self, folder: Path, tags: Collection[str], noted: Mapping[str, str]) -> None:
        self._tags = _tags_by_folder(tags)
        self._noted = {folder / path: tag if tag in tags else None for path, tag in noted.items()}
        self._judged: list[Path] = []
        self._misnamed: list[Path] = []
        self._tag_folders: dict[str, list[Path]] = defaultdict(list)
        for path, names, _ in os.walk(folder, onerror=_refuse):
            self._note(Path(path), names)

    def _note(self, folder: Path, names: list[str]) -> None:
        if tag := self._tag(folder):
            self._tag_folders[tag].append(folder)
        is_tags = folder in self._noted or folder.name in self._tags
        for name in names:
            if name in ANSWERS:
                if not self._is_tags(folder / name):
                    self._judged.append(folder / name)
            elif is_tags and _answer_meant(name) and not self._is_tags(folder / name):
                self._misnamed.append(folder / name)

    def _tag(self, folder: Path) -> str | None:
        """Find the tag of a folder, as the run noted it or else by the folder's name."""
        return self._noted[folder] if folder in self._noted else self._tags.get(folder.name)

    def _is_tags(self, folder: Path) -> bool:
        """Tell whether what is called as an answer is the folder of a tag that is called so."""
        if self._noted:
            return folder in self._noted
        return folder.name in self._tags and any((folder / name).is_dir() for name in ANSWERS)

    def iter_answers(self) -> Iterator[Answer | LeftOut]:
        """Yield what each file in the answers' folders says, or why it says nothing."""
        for folder in sorted(self._misnamed):
            answer = _answer_meant(folder.name)
            reason = f"a folder of this name is no answer: call it {answer}"
            yield LeftOut(storable(str(folder.absolute())), Fate.BAD_ANSWER, reason)
        for folder in sorted(self._judged):
            if folder.is_symlink():  # it may lead anywhere
                address = storable(str(folder.absolute()))
                yield LeftOut(address, Fate.BAD_ANSWER, "a link to a folder, which is not followed")
                continue
            tag = self._tag(folder.parent)
            for path in _files(folder):
                yield _answer(path, tag)

    def find_in_bin(self, hash_id: str, tag: str, name: str, within: Path | None) -> Path | None:
        """Find the file of a picture in a bin of a tag, or beside them, by its name and its pixels.

        ``within`` is the folder of the tag to look into, where it has several; None for all. Its
        last two names count, as the results folder may be spelled otherwise by now.
        """
        for folder in self._tag_folders.get(tag, []):
            if within and folder.absolute().parts[-2:] != within.parts[-2:]:
                continue
            bins = (path for path in sorted(folder.iterdir()) if _BIN.fullmatch(path.name))
            for path in (folder, *bins):
                if _is_picture(path / name, hash_id):
                    return path / name
        return None


def _answer(path: Path, tag: str | None) -> Answer | LeftOut:
    source = storable(str(path.absolute()))
    if tag is None:
        called = printable(path.parent.parent.name)
        return LeftOut(source, Fate.BAD_ANSWER, f"no tag, or more than one, is called {called}")
    try:
        hash_id = hash_of(path)
    except SkipError as error:
        return LeftOut(source, error.fate, error.reason)
    return Answer(hash_id, tag, ANSWERS[path.parent.name], source)


def _answer_meant(name: str) -> str | None:
    """Find the answer that a folder is nearly called as."""
    meant = "_" + name.strip("_- ").casefold()
    return meant if meant in ANSWERS and name != meant else None


def _is_picture(path: Path, hash_id: str) -> bool:
    try:
        return path.is_file() and hash_of(path) == hash_id
    except SkipError:
        return False


def _tags_by_folder(tags: Iterable[str]) -> dict[str, str | None]:
    """Find tags by the names that their folders have; None where two tags have the same one."""
    found: dict[str, str | None] = {}
    for tag in sorted(set(tags) - NO_TAGS):
        name = tag_folder(tag)
        found[name] = None if name in found else tag
    return found


def tag_folder(tag: str) -> str:
    """Name of the folder that is a tag's, where no run has noted another one."""
    return file_name(tag.replace("/", "_").replace("\\", "_"))


def _files(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        _refuse(error)
    return [path for path in paths if path.name[0] != "." and not is_litter(path.name)]


def _refuse(error: OSError) -> NoReturn:
    found = f"cannot be read: {error.strerror}"
    raise RunError(str(error.filename), found, "Allow it to be read.") from error


def hash_of(path: Path) -> str:
    """Hash of the pixels of a picture file.

    Raises
    ------
    SkipError
        Where it is none, or cannot be read.
    """
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
