"""Pictures -> a folder of copies, each with its caption, or with a line about it in one file."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial

from shared.database.exports import TaggedMember
from shared.database.tables import ScoreCache
from shared.exporting.captions import (
    Captioner,
    as_xmp,
    comma_separated,
    line_by_line,
    metadata_line,
)
from shared.exporting.folders import EXPORT, METADATA_FILE, PROBLEMS_FILE, new_folder
from shared.exporting.pictures import Missed, iter_archived, iter_loose
from shared.exporting.problems import MissedList
from shared.exporting.request import ExportRequest, ExportSummary
from shared.progress import Progress
from shared.results.files import replaced_file


def copy_pictures(
    request: ExportRequest, members: Iterable[TaggedMember], progress: Progress
) -> ExportSummary:
    """Copy pictures into a new folder.

    Raises
    ------
    RunError
        Where it cannot be written; then it is not there.
    """
    read = iter_loose if request.table is ScoreCache else iter_archived
    caption = _captioner(request)
    with new_folder(request.target, EXPORT) as folder, ExitStack() as files:
        problems = MissedList(
            files.enter_context(replaced_file(folder.path / PROBLEMS_FILE)), progress
        )
        lines = None
        if request.to == "imagefolder":
            lines = files.enter_context(replaced_file(folder.path / METADATA_FILE))
        n_pictures = 0
        for found in read(members, request.limits):
            progress.advance(1)
            if isinstance(found, Missed):
                problems.note(found.member, found.fate, found.reason)
                continue
            name = folder.place(found, caption)
            n_pictures += 1
            if lines:
                is_caption = request.chosen.what == "tags"
                lines.write(metadata_line(name, found.member, is_caption=is_caption))
    return problems.summary(request.target / PROBLEMS_FILE, ExportSummary(n_pictures=n_pictures))


def _captioner(request: ExportRequest) -> Captioner | None:
    captioners: dict[str, Captioner] = {
        "txt": comma_separated,
        "txt-lines": line_by_line,
        "xmp": partial(as_xmp, subjects=request.subjects),
    }
    return captioners.get(request.to)
