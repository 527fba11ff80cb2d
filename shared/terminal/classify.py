"""What the commands of stages 3 and 4 do with their options, and the summary that they end with."""

import gc
import sys
from pathlib import Path
from typing import Any, Literal

import click

from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.flow.classify import ClassifyRequest, Summary, classify
from shared.names import printable
from shared.pictures.embedders.clip import ClipOptions
from shared.sources.source import FolderSource, Source, archive_source
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.terminal.options import take_limits
from shared.terminal.summaries import totals_line

Kind = Literal["archives", "folders"]


def run_classify(kind: Kind, values: dict[str, Any]) -> None:
    """Run stage 3 (folders) or 4 (archives), print the summary, and exit as it says."""
    gc.freeze()  # what imports made lives on; to look through it again takes a tenth of a re-score
    quiet, verbose = values.pop("quiet"), values.pop("verbose")
    request = _request(kind, values)
    with shown_progress(quiet=quiet, verbose=verbose) as progress:
        summary = classify(request, progress)
    for line in summary_lines(kind, summary):
        click.echo(printable(line))
    if summary.has_problems:
        sys.exit(PROBLEMS)


def summary_lines(kind: Kind, summary: Summary) -> list[str]:
    """Say what the run found and did, in numbers that add up."""
    lines = [
        totals_line(kind, summary.totals),
        f"rows {summary.totals.n_rows} in {summary.database}",
    ]
    if summary.results:
        lines[-1] += f" · sorted into {summary.results}"
    if summary.n_refused:
        lines.insert(0, f"classifiers refused {summary.n_refused}")
    if summary.n_loose:
        lines.insert(0, f"other files {summary.n_loose}, left alone")
    return lines


def _request(kind: Kind, values: dict[str, Any]) -> ClassifyRequest:
    return ClassifyRequest(
        source=_source(kind, values.pop("directory"), values["output"]),
        table=ZipScoreCache if kind == "archives" else ScoreCache,
        limits=take_limits(values),
        n_bins=values.pop("output_bins"),
        clip=ClipOptions(values.pop("clip_model"), device=values.pop("device")),
        **values,
    )


def _source(kind: Kind, place: Path | str, output: Path) -> Source:
    if kind == "archives":
        return archive_source(place, output)
    if isinstance(place, str):
        raise RunError(place, "a URL; stage 3 reads folders on disk", "Stage 4 reads URLs.")
    return FolderSource(place.resolve(), output)
