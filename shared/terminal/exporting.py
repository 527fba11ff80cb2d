"""What the export commands of stages 3 and 4 do with their options, and how each ends."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click

from shared.database.exports import Chosen
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.exporting.formats import FORMATS, TABLES, Format
from shared.exporting.request import ExportRequest, ExportSummary
from shared.exporting.run import export
from shared.names import printable
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.terminal.options import take_limits


def run_export(kind: Literal["archives", "folders"], values: dict[str, Any]) -> None:
    """Export what stage 3 (folders) or 4 (archives) has scored, and exit as the summary says."""
    table = ZipScoreCache if kind == "archives" else ScoreCache
    target = values["target"]
    request = ExportRequest(
        database=values["database_url"] or values["output"] / f"{table.__tablename__}.sqlite",
        table=table,
        output=values["output"],
        target=target,
        to=_format(values["to"], target),
        chosen=Chosen(
            values["what"], values["tag"], values.get("archive", ()), values["min_score"]
        ),
        limits=take_limits(values),
        overwrite=values["overwrite"],
        subjects=values["dc_subject"],
    )
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        summary = export(request, progress)
    for line in summary_lines(request, summary):
        click.echo(printable(line))
    if summary.n_missed:
        sys.exit(PROBLEMS)


def _format(given: Format | None, target: Path) -> Format:
    if given:
        return given
    for one in FORMATS:
        if one in TABLES and target.suffix.lower() == f".{one}":
            return one
    endings = ", ".join(f".{one}" for one in sorted(TABLES))
    found = f"its ending says no format; {endings} do"
    raise RunError(str(target), found, "Say which it is to be with --to.")


def summary_lines(request: ExportRequest, summary: ExportSummary) -> Iterator[str]:
    """Say what was written, in numbers that add up."""
    if summary.problems:
        yield f"problems are listed in {summary.problems}"
    if request.to in TABLES:
        yield f"rows {summary.n_rows} in {request.target}"
        return
    n_all = summary.n_pictures + summary.n_same + summary.n_missed
    missed = f" + problems {summary.n_missed}" if summary.n_missed else ""
    if request.is_beside:
        written = f"sidecars written {summary.n_pictures} + as they were {summary.n_same}"
    else:
        written = f"copied {summary.n_pictures}"
    yield f"pictures {n_all} = {written}{missed} in {request.target}"
