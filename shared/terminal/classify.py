"""What the commands of stages 3 and 4 do with their options, and the summary that they end with."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click

from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.flow.classify import Summary, classify
from shared.flow.dry_run import ROW_BYTES, forecast
from shared.flow.request import ClassifyRequest
from shared.names import printable
from shared.pictures.embedders.clip import ClipOptions
from shared.regular_files import resolved
from shared.results.older import Older
from shared.sources.source import FolderSource, Source, archive_source
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.terminal.forecasts import forecast_lines
from shared.terminal.options import take_limits
from shared.terminal.summaries import (
    decided_line,
    few,
    iter_estimates,
    lifted_line,
    moved_line,
    novelty_line,
    time_line,
    too_novel_line,
    totals_line,
)

Kind = Literal["archives", "folders"]


def run_classify(kind: Kind, values: dict[str, Any]) -> None:
    """Run stage 3 (folders) or 4 (archives), print the summary, and exit as it says."""
    gc.freeze()  # what imports made lives on; to look through it again takes a tenth of a re-score
    quiet, verbose = values.pop("quiet"), values.pop("verbose")
    is_dry = values.pop("dry_run")
    request = _request(kind, values)
    if is_dry:
        _run_dry(kind, request, quiet=quiet, verbose=verbose)
        return
    with shown_progress(quiet=quiet, verbose=verbose) as progress:
        summary = classify(request, progress)
    for line in (*summary_lines(kind, summary), time_line(progress.seconds, progress.n_read)):
        click.echo(printable(line))
    if summary.has_problems:
        sys.exit(PROBLEMS)


def _run_dry(kind: Kind, request: ClassifyRequest, *, quiet: bool, verbose: bool) -> None:
    with shown_progress(quiet=quiet, verbose=verbose) as progress:
        found = forecast(request, progress)
    for line in forecast_lines(kind, found, ROW_BYTES):
        click.echo(printable(line))
    if found.refusal:
        raise found.refusal
    if found.has_problems:
        sys.exit(PROBLEMS)


def summary_lines(kind: Kind, summary: Summary) -> list[str]:
    """Say what the run found and did, in numbers that add up."""
    notes = []
    if summary.n_loose:
        hint = "" if summary.totals.n_containers else ": stage 3 scores images that are no archives"
        notes.append(f"other files {summary.n_loose}, left alone{hint}")
    if summary.n_zips:
        notes.append(f"zip archives {summary.n_zips}, left alone: stage 4 scores what is in them")
    if summary.n_refused:
        notes.append(f"classifiers refused {summary.n_refused}")
    if summary.problems:
        notes.append(f"problems are listed in {summary.problems}")
    sorted_into = f" · sorted into {summary.results}" if summary.results else ""
    return [
        *notes,
        totals_line(kind, summary.totals),
        f"rows {summary.totals.n_rows} in {summary.database}{sorted_into}",
        *_decision_lines(summary),
        *older_lines(summary.older),
    ]


def older_lines(older: Older | None) -> Iterator[str]:
    """Say what became of older results folders, and what the others take."""
    if older and older.n_removed:
        yield f"removed {counted(older.n_removed, 'older results folder')}"
    if older and older.n_sorted:
        kept = counted(older.n_sorted, "older results folder")
        yield f"kept {kept}, as somebody has sorted images or put something in it"
    elif older and older.n_left:
        size = f"{'over ' if older.is_more else ''}{older.n_bytes / 1e6:,.0f} MB"
        left = counted(older.n_left, "older results folder")
        yield f"{left} beside it, {size}; --keep_results=1 removes what nobody has changed"


def counted(count: int, noun: str) -> str:
    """Spell a number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _decision_lines(summary: Summary) -> Iterator[str]:
    if summary.decided:
        yield decided_line(summary.decided)
    if summary.untold:
        yield f"decided at 0.5, as no threshold is told by the classifiers of {few(summary.untold)}"
    if summary.out_of_reach:
        yield f"not decided, as no score is as precise as asked for: {few(summary.out_of_reach)}"
    too_novel = too_novel_line(summary.too_novel, summary.max_novelty)
    yield from filter(None, (too_novel, lifted_line(summary.lifted)))
    yield from iter_estimates(summary.estimates)
    novelty = novelty_line(summary.n_judged, summary.n_novel, summary.novel_share_before)
    yield from filter(None, (novelty, moved_line(summary.estimates)))


def _request(kind: Kind, values: dict[str, Any]) -> ClassifyRequest:
    for option in ("keep_results", "results_min_score"):
        if values[option] is not None and values["results"] == "none":
            sentence = f"--{option} is about results folders, and --results=none makes none."
            raise click.UsageError(sentence, click.get_current_context(silent=True))
    is_number = not isinstance(values["threshold"], str) and not values["thresholds"]
    if values["prior"] == "collection" and is_number:
        sentence = "--prior=collection is about thresholds by name, and --threshold is a number."
        raise click.UsageError(sentence, click.get_current_context(silent=True))
    return ClassifyRequest(
        source=_source(kind, values.pop("directory"), values["output"]),
        table=ZipScoreCache if kind == "archives" else ScoreCache,
        limits=take_limits(values),
        n_bins=values.pop("output_bins"),
        clip=ClipOptions(
            values.pop("clip_model"),
            device=values.pop("device"),
            precision=values.pop("precision"),
        ),
        **values,
    )


def _source(kind: Kind, place: Path | str, output: Path) -> Source:
    if kind == "archives":
        return archive_source(place, output)
    if isinstance(place, str):
        raise RunError(place, "a URL; stage 3 reads folders on disk", "Stage 4 reads URLs.")
    return FolderSource(resolved(place), output)
