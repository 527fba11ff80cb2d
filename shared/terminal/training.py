"""What the commands of stage 2 do with their options, and how each ends."""

import sys
from datetime import datetime
from typing import Any

import click

from shared.names import printable
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.training.run import TrainingRequest, TrainingSummary, train
from shared.training.suggesting import Suggestion, SuggestionRequest, suggestions


def run_train(values: dict[str, Any]) -> None:
    """Run stage 2, print the summary, and exit as it says."""
    request = TrainingRequest(
        metadata_json=values["metadata_json"],
        tag_to_hash_json=values["tag_to_hash_json"],
        output=values["output"],
        held_out_share=values["test_per"],
        n_workers=values["n_workers"],
        corrections=values["corrections"],
        database=values["database"],
        tags=values["tag"],
        started=datetime.now(),  # noqa: DTZ005 - results show it in the user's own time
    )
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        summary = train(request, progress)
    for line in summary_lines(summary):
        click.echo(printable(line))
    if summary.has_problems:
        sys.exit(PROBLEMS)


def summary_lines(summary: TrainingSummary) -> list[str]:
    """Say what the run found and wrote, in numbers that add up."""
    n_tags = summary.n_trained + summary.n_skipped + summary.n_kept
    skipped = f" + skipped {summary.n_skipped}" if summary.n_skipped else ""
    kept = f" + kept {summary.n_kept}" if summary.n_kept else ""
    n_used = summary.n_images - summary.n_lost
    lost = f" + without a vector {summary.n_lost}" if summary.n_lost else ""
    n_left_out = summary.n_left_out
    left_out = f" · corrections left out {n_left_out}" if n_left_out else ""
    n_back = summary.n_taken_back
    back = f" · taken back {n_back}" if n_back else ""
    labels = f"labels {summary.n_labels} given by hand{back}{left_out}"
    problems = f"problems are listed in {summary.problems}"
    return [
        *([problems] if summary.problems else []),
        *([labels] if summary.n_labels or n_left_out or n_back else []),
        f"images {summary.n_images} = with a vector {n_used}{lost}",
        f"tags {n_tags} = trained {summary.n_trained}{skipped}{kept}",
        f"classifiers {summary.n_classifiers} in {summary.models} · reports in {summary.reports}",
    ]


def run_suggest(values: dict[str, Any]) -> None:
    """Choose pictures and print one line for each: score, hash, file."""
    request = SuggestionRequest(
        metadata_json=values["metadata_json"],
        tag_to_hash_json=values["tag_to_hash_json"],
        tag=values["tag"],
        models=values["model"],
        output=values["output"],
        database=values["database"],
        count=values["count"],
    )
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        found = suggestions(request, progress)
    for one in found:
        click.echo(suggestion_line(one))


def suggestion_line(one: Suggestion) -> str:
    """One picture on one line: its score, its hash, and where it lies."""
    return printable(f"{one.score:.3f} {one.hash_id} {one.file_path}")
