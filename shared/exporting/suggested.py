"""Suggested pictures -> a page that shows them, or a folder in which they are sorted by hand.

They are found by their addresses alone, and taken only where they are still the same pictures.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from shared.errors import RunError
from shared.exporting.addressed import LostPicture, TakenPicture, iter_taken
from shared.exporting.folders import (
    PROBLEMS_FILE,
    FolderMark,
    check_folder,
    new_folder,
    readable_as,
)
from shared.flow.novelty import told_novelty
from shared.names import base_name, file_name
from shared.progress import Progress
from shared.records import NOVEL, Picture
from shared.replacing import write_new
from shared.results.answers import ANSWERS, ANSWERS_FILE, Shown, shown_content
from shared.results.files import failed, make_folder, write_list, write_problems
from shared.results.folder import INDEX_FILE
from shared.results.pages.templating import template
from shared.results.pages.views import href
from shared.training.answers import LIMITS, tag_folder
from shared.training.suggesting import Suggestion

Layout: TypeAlias = Literal["page", "folder"]
SUGGESTED = FolderMark(".suggested", "suggest.py")
LIST_FILE = "suggested.csv"
PICTURES_FOLDER = "pictures"
LIST_COLUMNS = ("file", "score", "hash", "address", "novelty")
MOST_SMALL_PIXELS = 160
"""A picture up to this side is shown with its pixels as squares."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """What is to be made of the pictures suggested for a tag, and where."""

    tag: str
    to: Layout
    target: Path
    overwrite: bool = False

    @property
    def to_sort(self) -> Path:
        """Where `folder` puts the pictures: beside `_yes` and `_no`."""
        return self.target / tag_folder(self.tag)


@dataclass(frozen=True, slots=True)
class LayoutSummary:
    """How many pictures were laid out, and how many could not be read, listed in ``problems``."""

    n_pictures: int
    n_missed: int
    problems: Path | None


@dataclass(frozen=True, slots=True)
class LaidOutPicture:
    """A picture in the folder: its file, relative to where the list or the page is."""

    file: str
    suggestion: Suggestion
    is_small: bool

    @property
    def href(self) -> str:
        """The address of its file."""
        return href(self.file)

    @property
    def novelty(self) -> float | None:
        """How unlike anything labelled it is, where it is."""
        return told_novelty(self.suggestion.novelty, NOVEL)

    @property
    def short(self) -> str:
        """The end of its address."""
        return "/".join(self.suggestion.file_path.split("/")[-2:])


def check_layout(request: LayoutRequest) -> None:
    """Refuse a target that is there, or in which somebody has sorted pictures.

    Raises
    ------
    RunError
        Saying which.
    """
    check_folder(request.target, SUGGESTED, overwrite=request.overwrite)
    for path in sorted(request.target.glob("*/*")):
        if path.name in ANSWERS and path.is_dir() and any(path.iterdir()):
            found = "holds pictures that somebody has sorted, and is not replaced"
            remedy = "Train with --corrections first, then delete it; or name another --target."
            raise RunError(str(path), found, remedy)


def lay_out(
    request: LayoutRequest, found: Sequence[Suggestion], progress: Progress
) -> LayoutSummary:
    """Take suggested pictures out of archives and folders, into a folder that is new.

    Raises
    ------
    RunError
        Where it cannot be written; then it is not there.
    """
    make_folder(request.target.parent)
    progress.start(len(found), "laying out")
    placed: list[LaidOutPicture] = []
    lost: list[LostPicture] = []
    with new_folder(request.target, SUGGESTED) as folder:
        where = _prepared(folder.path, request)
        for one in iter_taken(found, LIMITS):
            progress.advance(1)
            if isinstance(one, LostPicture):
                lost.append(one)
                progress.say(f"{one.suggestion.file_path}: {one.reason}: left out")
            else:
                name = _placed(where, one)
                file = (where.relative_to(folder.path) / name).as_posix()
                placed.append(LaidOutPicture(file, one.suggestion, _is_small(one.picture)))
        order = {one.hash_id: at for at, one in enumerate(found)}
        placed.sort(key=lambda one: order[one.suggestion.hash_id])
        _describe(folder.path, request, placed)
        if lost:
            rows = ((one.suggestion.file_path, one.fate, one.reason) for one in lost)
            write_problems(folder.path / PROBLEMS_FILE, rows)
    problems = request.target / PROBLEMS_FILE if lost else None
    return LayoutSummary(len(placed), len(lost), problems)


def _prepared(folder: Path, request: LayoutRequest) -> Path:
    """Make the folders; return that of the pictures."""
    if request.to == "page":
        make_folder(folder / PICTURES_FOLDER)
        return folder / PICTURES_FOLDER
    name = request.to_sort.name
    for answer in ANSWERS:
        make_folder(folder / name / answer)
    content = shown_content(Shown({name: request.tag}))
    _write(folder / ANSWERS_FILE, content)
    return folder / name


def _write(path: Path, content: bytes) -> None:
    try:
        write_new(path, content)
    except OSError as error:
        raise failed(path, error) from error


def _placed(folder: Path, one: TakenPicture) -> str:
    """Write a picture under its score and its own name, so that sorting by name sorts by score."""
    given = base_name(one.suggestion.file_path)
    given = readable_as(one.picture.format, f"{one.suggestion.score:.3f} {given}")
    name = file_name(given)
    if os.path.lexists(folder / name):
        name = file_name(given, one.suggestion.hash_id[:16])
    _write(folder / name, one.content)
    return name


def _is_small(picture: Picture) -> bool:
    return max(picture.width, picture.height) <= MOST_SMALL_PIXELS


def _describe(folder: Path, request: LayoutRequest, placed: Sequence[LaidOutPicture]) -> None:
    if request.to == "page":
        page = template("suggested.html", _TEMPLATES).render(tag=request.tag, pictures=placed)
        _write(folder / INDEX_FILE, page.encode())
    else:
        write_list(folder / LIST_FILE, _iter_rows(placed))


def _iter_rows(placed: Iterable[LaidOutPicture]) -> Iterator[tuple[str, ...]]:
    yield LIST_COLUMNS
    for one in placed:
        found = one.suggestion
        novelty = "" if found.novelty is None else f"{found.novelty:.3f}"
        yield one.file, f"{found.score:.3f}", found.hash_id, found.file_path, novelty
