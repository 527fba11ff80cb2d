"""The results folder: one entry per picture and classifier, `output.json`, `problems.csv`.

It is made under a hidden name and gets its final name when it is complete.
"""

import errno
import io
import itertools
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

import orjson

from shared.errors import RunError
from shared.hashing import content_digest
from shared.names import file_name
from shared.records import MEBIBYTE
from shared.regular_files import open_regular, read_small
from shared.replacing import UNFINISHED, replace_file, synchronise, synchronise_names
from shared.results.answers import ANSWERS, ANSWERS_FILE, Answered, Shown, shown_content
from shared.results.files import PROBLEM_COLUMNS, ProblemRow, failed, write_rows

PROBLEMS_FILE = "problems.csv"
ARCHIVES_FILE = "archives.csv"
CHANGES_FILE = "changes.csv"
INDEX_FILE = "index.html"
PAGES_FOLDER = "pages"
_IMAGES_FILE = "output.json"
_OWN_FILES = (_IMAGES_FILE, PROBLEMS_FILE, ARCHIVES_FILE, CHANGES_FILE, INDEX_FILE)
_PAGES = re.compile(rf"{PAGES_FOLDER}(_[0-9]+)?")
ResultsMode = Literal["link", "copy", "none"]
ORIGIN_FILE = ".made_from"
STORE_FOLDER = ".store"
"""Holds one copy of each picture, to which its entries are links."""
MAX_ORIGIN_BYTES = 2**16
MAX_IMAGE_BYTES = 64 * MEBIBYTE
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, errno.ENOSYS}


def folder_name(started: datetime) -> str:
    """Name of a results folder: ``tagging_output_2023_1_21_0_56``."""
    numbers = (started.year, started.month, started.day, started.hour, started.minute)
    return "tagging_output_" + "_".join(map(str, numbers))


def free_path(output: Path, name: str) -> Path:
    """Path of this name in the output folder, or of the first with ``_2``, ``_3``, ... if taken."""
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(path for path in map(output.joinpath, names) if not os.path.lexists(path))


def is_pages_folder(name: str) -> bool:
    """Tell whether a folder of pages may have this name, and so no classifier's."""
    return _PAGES.fullmatch(name) is not None


def is_own_name(name: str) -> bool:
    """Tell whether a run may write this at the top of a results folder, beside classifiers."""
    return name in _OWN_FILES or name.startswith(".") or is_pages_folder(name)


def unique_folders(paths: Sequence[tuple[str, str]], distinctions: Sequence[str]) -> list[str]:
    """Relative folder for each pair of strangers' texts: cleaned, and different for each.

    Examples
    --------
    >>> unique_folders([("svm", "a/b"), ("svm", "cat"), ("svm", "cat")], ["x", "y", "z"])
    ['svm/a_b', 'svm/cat', 'svm/cat~z']
    """
    taken: set[str] = set()
    folders = []
    for (above, last), distinction in zip(paths, distinctions, strict=True):
        parent = _clean(above)
        if parent.casefold() in _OWN_FILES or is_pages_folder(parent.casefold()):
            parent += "_"
        for name in _iter_names(last, distinction):
            folder = f"{parent}{os.sep}{name}"
            if folder.casefold() not in taken:
                break
        taken.add(folder.casefold())
        folders.append(folder)
    return folders


def _iter_names(text: str, distinction: str) -> Iterator[str]:
    """Yield ever other names for a text: as it is, with its distinction, with digests."""
    yield _clean(text)
    yield _clean(f"{text}~{distinction}")
    for attempt in itertools.count():
        yield file_name(_clean(text), content_digest(f"{distinction} {attempt}".encode()).hex()[:8])


def _clean(text: str) -> str:
    return file_name(text.replace("/", "_").replace("\\", "_"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture to be placed: its file byte for byte, with the SHA-256 of that, and its name.

    ``content`` is None where `ResultsFolder.take` has it. ``key`` is what no other member has:
    where another has taken the name, a part of the key's digest is added to it.
    """

    content: bytes | None
    digest: bytes
    name: str
    key: str


class ResultsFolder:
    """A results folder in the making. As a context manager it is removed unless `finish` is called.

    Each picture is written once, under its digest; all of its entries are hard links to that copy
    where the file system allows it, and copies where not. Where they are links, the copies stay
    under their digests, hidden: a folder made after this one takes them from there, so that it
    writes and reads what is new, and both together take the room of one.
    """

    def __init__(
        self, output: Path, started: datetime, *, links: bool, before: Path | None = None
    ) -> None:
        self.output = output
        self._links = links
        self._before = KeptPictures.of(before) if links and before else None
        self._name = folder_name(started)
        self._root = output / (UNFINISHED + self._name)
        self._store = self._root / STORE_FOLDER
        self._names = self._root / ".names"
        self._made: set[str] = set()
        self._shown = Shown()
        self._final: Path | None = None

    @property
    def unfinished(self) -> Path:
        """Where it is until it is finished."""
        return self._root

    def __enter__(self) -> Self:
        try:
            self._root.mkdir(parents=True)  # fails where something is there, be it only a link
            self._store.mkdir()
            self._names.mkdir()
            self._images = (self._root / _IMAGES_FILE).open("x", encoding="utf-8")
            self._problems = (self._root / PROBLEMS_FILE).open("x", encoding="utf-8", newline="")
        except OSError as error:
            raise failed(self._root, error) from error
        self._separator = "[\n"
        self.note_problems([PROBLEM_COLUMNS])
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._images, self._problems):
            with suppress(OSError):  # `finish` has flushed; without it nothing of this is kept
                file.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def take(self, digest: bytes, n_bytes: int) -> bool:
        """Take a picture from the folder before, if it is there as it was; tell whether it is had.

        Nothing is read: who has changed the file since then has left a later time.
        """
        if self._before is None:
            return False
        path = self._path_of(digest)
        return os.path.lexists(path) or self._before.is_linked(digest, n_bytes, path)

    def place(self, picture: Placed, folders: Iterable[str]) -> str:
        """Put one picture into folders, relative to the root, under one name in all of them.

        Parameters
        ----------
        picture : Placed
            Its bytes and its name.
        folders : iterable of str
            Relative folders, made of cleaned names only.

        Returns
        -------
        str
            The name that the picture got.

        Raises
        ------
        RunError
            Where the file system refuses: a full disk, no permission.
        """
        try:
            source = self._keep(picture)
            given = self._take_name(source, picture)
            for folder in folders:
                self._add(source, self._folder(folder) + os.sep + given)
        except OSError as error:
            raise failed(self._root, error) from error
        return given

    def make_answers(self, tags: Mapping[str, str]) -> None:
        """Have folders for answers stand ready; ``tags`` are those of folders below the root.

        Raises
        ------
        RunError
            Where they cannot be made.
        """
        try:
            for folder in tags:
                for answer in ANSWERS:
                    self._folder(folder + os.sep + answer)
        except OSError as error:
            raise failed(self._root, error) from error
        self._shown.tags.update(tags)

    def note_image(self, record: dict[str, object]) -> None:
        """Add one image to `output.json`, on a line of its own."""
        try:
            self._images.write(self._separator + orjson.dumps(record).decode())
        except OSError as error:
            raise failed(self._root, error) from error
        self._separator = ",\n"

    def note_answered(self, answered: Answered) -> None:
        """Remember a picture that was placed in the folder of an answer: `seal` notes it."""
        self._shown.answered.append(answered)

    def note_problems(self, problems: Iterable[ProblemRow]) -> None:
        """Add inputs that were not scored to `problems.csv`."""
        try:
            write_rows(self._problems, problems)
        except OSError as error:
            raise failed(self._root, error) from error

    def seal(self, origin: str) -> str:
        """Complete the files, and tell which name `finish` will give to the folder.

        A second folder of the same minute gets ``_2``. What the name is noted in before `finish`
        names a folder that is not there if the run is killed in between; noted afterwards, the
        folder could be there without anything that knows of it. The origin tells it from a
        folder made from something else that has got that name first.
        """
        try:
            self._images.write("[]\n" if self._separator == "[\n" else "\n]\n")
            for file in (self._images, self._problems):
                file.close()
            if not self._links:
                shutil.rmtree(self._store)
            shutil.rmtree(self._names)
            content = shown_content(self._shown)
            replace_file(self._root / ANSWERS_FILE, content, durable=False)
            replace_file(self._root / ORIGIN_FILE, origin.encode(), durable=False)
        except OSError as error:
            raise failed(self._root, error) from error
        self._final = free_path(self.output, self._name)
        return self._final.name

    def finish(self) -> Path:
        """Give the folder its final name, once the disk holds all that is in it."""
        assert self._final, "it has to be sealed first"
        try:
            synchronise(self._root)
            self._root.rename(self._final)
            synchronise_names(self.output)
        except OSError as error:
            raise failed(self._root, error) from error
        return self._final

    def _path_of(self, digest: bytes) -> str:
        return f"{self._store}{os.sep}{digest.hex()}"

    def _keep(self, picture: Placed) -> str:
        path = self._path_of(picture.digest)
        if picture.content is None:
            return path
        try:
            with open(path, "xb") as file:  # noqa: PTH123 - a Path costs more than this
                file.write(picture.content)
        except FileExistsError:
            pass
        return path

    def _take_name(self, source: str, picture: Placed) -> str:
        given, key = file_name(picture.name), picture.key
        while not self._claim(source, given):
            given = file_name(picture.name, content_digest(key.encode()).hex()[:8])
            key += "'"  # keys can be guessed, and so their names taken: no attempt is the last
        return given

    def _claim(self, source: str, name: str) -> bool:
        """Take a name for good; a link is made several times as fast as a file."""
        target = f"{self._names}{os.sep}{name}"
        try:
            if not self._linked(source, target):
                os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    def _folder(self, relative: str) -> str:
        path = f"{self._root}{os.sep}{relative}"
        if relative not in self._made:
            Path(path).mkdir(parents=True, exist_ok=True)
            self._made.add(relative)
        return path

    def _add(self, source: str, target: str) -> None:
        if not self._linked(source, target):
            shutil.copyfile(source, target)

    def _linked(self, source: str, target: str) -> bool:
        """Link, where links are wanted and the file system can; tell whether it did."""
        if not self._links:
            return False
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            if error.errno == errno.EMLINK:
                self._renew(source)
            else:
                self._links = False  # the first attempt tells it of all
            return False
        return True

    def _renew(self, source: str) -> None:
        """Start a new copy for the links to come: this one has as many as a file can have."""
        shutil.copyfile(source, source + ".new")
        os.replace(source + ".new", source)  # noqa: PTH105 - text in, text out


@dataclass(frozen=True, slots=True)
class KeptPictures:
    """The pictures of a complete results folder, under their digests; sealed at a time."""

    store: str
    sealed_ns: int

    @classmethod
    def of(cls, folder: Path) -> Self | None:
        """Find them; None where there are none."""
        try:
            sealed_ns = (folder / ORIGIN_FILE).lstat().st_mtime_ns
            is_there = stat.S_ISDIR((folder / STORE_FOLDER).lstat().st_mode)
        except OSError:
            return None
        return cls(str(folder / STORE_FOLDER), sealed_ns) if is_there else None

    def has(self, digest: bytes, n_bytes: int) -> bool:
        """Tell whether a picture is there as it was."""
        try:
            status = os.lstat(self._path_of(digest))
        except OSError:
            return False
        is_whole = stat.S_ISREG(status.st_mode) and status.st_size == n_bytes
        return is_whole and status.st_mtime_ns <= self.sealed_ns

    def is_linked(self, digest: bytes, n_bytes: int, target: str) -> bool:
        """Make ``target`` a link to a picture that is as it was; tell whether it was done."""
        if not self.has(digest, n_bytes):
            return False
        try:
            os.link(self._path_of(digest), target)
        except OSError:  # too many links, or it is gone: then it is read from its container
            return False
        return True

    def _path_of(self, digest: bytes) -> str:
        return f"{self.store}{os.sep}{digest.hex()}"


def is_made_from(folder: Path, origin: str) -> bool:
    """Tell whether there is a complete results folder that was sealed with this origin."""
    try:
        content = read_small(folder / ORIGIN_FILE, MAX_ORIGIN_BYTES, ours=True)
    except OSError:
        return False
    return content == origin.encode() and (folder / _IMAGES_FILE).is_file()


def iter_images(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what `ResultsFolder.note_image` was told of each image, in that order.

    Raises
    ------
    RunError
        Where that cannot be read, or no run has written it.
    """
    path = folder / _IMAGES_FILE
    try:
        with open_regular(path, ours=True) as file, io.BufferedReader(file) as lines:
            while line := lines.readline(MAX_IMAGE_BYTES):
                if (record := line.rstrip(b",\n")) not in {b"[", b"]", b"[]"}:
                    yield _image(record)
    except (OSError, ValueError) as error:
        found = f"is not what a run writes there ({error})"
        raise RunError(str(path), found, "Delete this results folder; it is made anew.") from error


def _image(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(line)
    match found:
        case {
            "file_path": str(),
            "image_file": str() | None,
            "hash_id": str(),
            "scores": dict(scores),
        } if all(isinstance(score, float | int) for score in scores.values()):
            return found
    message = "a line tells of no image"
    raise ValueError(message)
