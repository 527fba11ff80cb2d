"""What the commands of stage 1 do with their options, the one that writes the sample too."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from shared.errors import Attempts
from shared.flow.dataset import DatasetRequest, DatasetSummary, build_dataset
from shared.flow.imported_vectors import Imported
from shared.metadata.clip_retrieval import check_vectors
from shared.names import printable
from shared.pictures.embedders.choosing import Embedder, load_embedder
from shared.pictures.embedders.clip import ClipOptions
from shared.regular_files import resolved
from shared.sources.source import check_there, dataset_source
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.terminal.options import take_limits
from shared.terminal.summaries import time_line, totals_line
from shared.training.sample import write_sample

CLIP_OPTIONS = ("clip_model", "pretrained", "device", "batch_size", "precision")
_FORMATS = {"json": ("json",), "parquet": ("parquet",), "both": ("json", "parquet")}


def run_dataset(values: dict[str, Any]) -> None:
    """Run stage 1, print the summary, and exit as it says."""
    if values["embedder"] != "clip":
        _check_without_clip(click.get_current_context())
    options = ClipOptions(*(values[name] for name in CLIP_OPTIONS))
    _run(values, lambda: load_embedder(values["embedder"], options))


def run_import(values: dict[str, Any]) -> None:
    """Run stage 1 with vectors of clip-retrieval, print the summary, and exit as it says."""
    images = resolved(values["input_folder"])
    root, model = values["image_root"], values["clip_model"]

    def load() -> Imported:
        check_vectors(values["embeddings"])
        return Imported(values["embeddings"], images, root, model)

    _run(values, load)


def _check_without_clip(context: click.Context) -> None:
    """Refuse what was given by hand and would be without effect."""
    for name in CLIP_OPTIONS:
        if context.get_parameter_source(name) not in {ParameterSource.DEFAULT, None}:
            sentence = f"--{name} is of --embedder=clip, which was not asked for. Leave it out."
            raise click.UsageError(sentence, context)


def _run(values: dict[str, Any], load: Callable[[], Embedder | Imported]) -> None:
    output: Path = values["output_folder"]
    source = dataset_source(resolved(values["input_folder"]), output)
    attempts = Attempts()
    with attempts:
        check_there(source)
    with attempts:
        embedder = load()
    attempts.check()
    request = DatasetRequest(
        source=source,
        output=output,
        embedder=embedder,
        limits=take_limits(values),
        tagged=values["tagged_dataset"],
        n_workers=values["n_workers"],
        strict=values["strict"],
        forget_gone=values["forget_gone"],
        metadata_formats=_FORMATS[values["metadata_format"]],
    )
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        summary = build_dataset(request, progress)
    for line in (*summary_lines(summary), time_line(progress.seconds, progress.n_read)):
        click.echo(printable(line))
    if summary.has_problems:
        sys.exit(PROBLEMS)


def summary_lines(summary: DatasetSummary) -> list[str]:
    """Say what the run found and wrote, in numbers that add up."""
    files = " and ".join(map(str, summary.metadata_files))
    lines = [
        totals_line("folders", summary.totals),
        f"images {summary.n_hashes} in {files} · tags {summary.n_tags}",
    ]
    if counts := summary.imported:
        total = counts.n_used + counts.n_elsewhere + counts.n_unusable
        lines.append(
            f"vectors {total} = used {counts.n_used} + of other pictures {counts.n_elsewhere} "
            f"+ not finite {counts.n_unusable}"
        )
    if summary.totals.has_problems:
        lines.insert(1, f"problems are listed in {summary.problems}")
    return lines


def run_sample(values: dict[str, Any]) -> None:
    """Write the sample and say how much of it is where."""
    folder = values["output_folder"]
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        counts = write_sample(folder, progress)
    line = (
        f"{counts.n_tagged} tagged · {counts.n_loose} loose · {counts.n_archived} "
        f"in {counts.n_archives} archives, in {folder}"
    )
    click.echo(printable(line))
