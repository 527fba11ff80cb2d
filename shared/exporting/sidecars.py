"""XMP sidecars beside loose pictures: what is there is merged, and no picture is written to."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from stat import S_IMODE

from shared.database.exports import TaggedMember
from shared.errors import Fate, RunError, SkipError
from shared.exporting.captions import tag_names
from shared.exporting.pictures import Missed, iter_loose, loose_path
from shared.exporting.problems import MissedList
from shared.exporting.request import ExportRequest, ExportSummary
from shared.exporting.xmp import merged
from shared.progress import Progress
from shared.records import MEBIBYTE
from shared.regular_files import read_small
from shared.replacing import Replacement, synchronise
from shared.results.files import failed, make_folder, replaced_file

SIDECAR_PROBLEMS_FILE = "export-problems.csv"
MAX_SIDECAR_BYTES = 16 * MEBIBYTE
_NEW_MODE = 0o666


def write_sidecars(
    request: ExportRequest,
    members: Iterable[TaggedMember],
    known: Collection[str],
    progress: Progress,
) -> ExportSummary:
    """Bring the sidecars of pictures up to date; ``known`` are all tags that they could have.

    Raises
    ------
    RunError
        Where one cannot be written. Each is as it was or as it is to be.
    """
    make_folder(request.output)
    path = request.output / SIDECAR_PROBLEMS_FILE
    counts = Counter[bool]()
    with replaced_file(path) as file:
        problems = MissedList(file, progress)
        for found in iter_loose(_iter_with_sidecar(members, request.target), request.limits):
            progress.advance(1)
            try:
                if isinstance(found, Missed):
                    raise SkipError(found.fate, found.reason)
                counts[_is_written(found.member, known, subjects=request.subjects)] += 1
            except SkipError as error:
                problems.note(found.member, error.fate, error.reason)
    try:
        synchronise(request.target)
    except OSError as error:
        raise failed(request.target, error) from error
    return problems.summary(path, ExportSummary(n_pictures=counts[True], n_same=counts[False]))


def _iter_with_sidecar(members: Iterable[TaggedMember], target: Path) -> Iterator[TaggedMember]:
    """Leave out what has no tag and no sidecar; complain where there is nothing at all."""
    n_members = 0
    for n_members, member in enumerate(members, 1):  # noqa: B007 - counted for afterwards
        if member.tags or os.path.lexists(_sidecar_of(member)):
            yield member
    if not n_members:
        raise RunError(str(target), "no image in it has been scored", "Run stage 3 on it first.")


def _sidecar_of(member: TaggedMember) -> Path:
    """Path of a loose picture's sidecar, as digiKam names it: `1.jpg.xmp`."""
    path = loose_path(member)
    return path.with_name(f"{path.name}.xmp")


def _is_written(member: TaggedMember, known: Collection[str], *, subjects: bool) -> bool:
    """Bring a picture's sidecar up to date; tell whether it had to be written.

    Raises
    ------
    SkipError
        Where what is there cannot be changed without a loss.
    RunError
        Where it cannot be written.
    """
    path = _sidecar_of(member)
    content, mode = _read(path)
    new = merged(content, sorted(tag_names(member)), known, subjects=subjects)
    if new is None:
        return False
    try:
        with Replacement(path, mode) as replacement:
            replacement.file.write(new)
            if content is not None:
                os.fchmod(replacement.file.fileno(), mode)
            replacement.place(durable=False)
    except OSError as error:
        raise failed(path, error) from error
    return True


def _read(path: Path) -> tuple[bytes | None, int]:
    try:
        content = read_small(path, MAX_SIDECAR_BYTES, ours=True)
        return content, S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None, _NEW_MODE
    except OSError as error:
        reason = f"its sidecar is left alone: {error.strerror or error}"
        raise SkipError(Fate.UNREADABLE, reason) from error
