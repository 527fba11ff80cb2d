"""An export from end to end: checks first, then rows or pictures into one file or folder."""

from dataclasses import replace
from pathlib import Path

from shared.database import schema
from shared.database.engine import (
    Connection,
    open_given,
)
from shared.database.exports import (
    checked_choice,
    count_tagged,
    decidable_tags,
    iter_tagged,
    select_parts,
)
from shared.errors import RunError
from shared.exporting.captions import check_spellable
from shared.exporting.copies import copy_pictures
from shared.exporting.folders import EXPORT, check_folder
from shared.exporting.formats import TABLES, TELL_SCORES
from shared.exporting.request import ExportRequest, ExportSummary
from shared.exporting.sidecars import write_sidecars
from shared.exporting.tables import check_file, write_parts, write_table
from shared.names import container_address
from shared.progress import Progress
from shared.results.files import make_folder


def export(request: ExportRequest, progress: Progress) -> ExportSummary:
    """Export scores or decided tags.

    Raises
    ------
    RunError
        Where something is there already, the database is another, or disk or database fail. Then
        nothing half-written is left; of sidecars, each is as it was or as it is to be.
    """
    _check_target(request)
    path = request.database
    with open_given(path) as database:
        database.run(schema.check, request.table, database.where)
        chosen = database.run(checked_choice, request.table, request.chosen)
        request = replace(request, chosen=chosen)
        make_folder(request.target.parent)
        if request.to not in TABLES:
            with database.transaction() as connection:
                return _export_pictures(request, connection, progress)
        if request.to != "parquet" or not isinstance(path, Path):
            return ExportSummary(n_rows=write_table(database, request))
        parts = database.run(select_parts, request.table, chosen)
    return ExportSummary(n_rows=write_parts(request, path, parts))


def _check_target(request: ExportRequest) -> None:
    target = request.target
    if request.subjects and request.to != "xmp":
        found = f"{request.to} has no such keywords"
        raise RunError("--dc_subject", found, "Leave it out, or use --to=xmp.")
    if request.overwrite and request.is_beside:
        found = "sidecars are merged, and never replaced"
        raise RunError("--overwrite", found, "Leave it out.")
    if request.chosen.what == "scores" and request.to not in TELL_SCORES:
        found = f"{request.to} names tags and has no place for scores"
        raise RunError("--what=scores", found, f"Use --to {', '.join(sorted(TELL_SCORES))}.")
    if request.to in TABLES:
        check_file(target, overwrite=request.overwrite)
        if isinstance(request.database, Path) and _is_same(target, request.database):
            raise RunError(str(target), "the database itself", "Name another --target.")
    elif request.is_beside:
        if not target.is_dir():
            remedy = "Name the folder below which images are to get sidecars."
            raise RunError(str(target), "no folder that is there", remedy)
    else:
        check_folder(target, EXPORT, overwrite=request.overwrite)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _export_pictures(
    request: ExportRequest, connection: Connection, progress: Progress
) -> ExportSummary:
    chosen = request.chosen
    known = decidable_tags(connection, chosen)
    check_spellable(request.to, known)
    below = container_address(str(request.target.resolve())) if request.is_beside else None
    progress.start(count_tagged(connection, request.table, chosen, below), "exporting")
    members = iter_tagged(connection, request.table, chosen, below)
    if request.is_beside:
        return write_sidecars(request, members, known, progress)
    return copy_pictures(request, members, progress)
