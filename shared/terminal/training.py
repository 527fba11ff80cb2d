"""What the commands of stage 2 do with their options, and how each ends."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from shared.exporting.suggested import LayoutRequest, LayoutSummary, check_layout, lay_out
from shared.flow.prevalence import Estimate
from shared.names import printable
from shared.results.folder import INDEX_FILE
from shared.terminal.bar import shown_progress
from shared.terminal.exits import PROBLEMS
from shared.training.auditing import Audit, AuditRequest, audit
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
    """Choose pictures, and print a line for each, or lay them out and say where."""
    request = SuggestionRequest(
        metadata_json=values["metadata_json"],
        tag_to_hash_json=values["tag_to_hash_json"],
        tag=values["tag"],
        models=values["model"],
        output=values["output"],
        database=values["database"],
        count=values["count"],
        by=values["by"],
    )
    _check_audit(values)
    layout = _layout(values)
    if layout:
        check_layout(layout)
    audited = None
    with shown_progress(quiet=values["quiet"], verbose=values["verbose"]) as progress:
        if values["audit"]:
            now = datetime.now()  # noqa: DTZ005 - only to be compared
            wanted = AuditRequest(request, values["within"], now, values["corrections"])
            audited = audit(wanted, progress)
        found = audited.asked if audited else suggestions(request, progress)
        summary = lay_out(layout, found, progress) if layout and found else None
    if layout and summary:
        for line in layout_lines(layout, summary, next_step=_next_step(values)):
            click.echo(printable(line))
    else:
        for one in found:
            click.echo(suggestion_line(one))
    if audited:
        click.echo(printable(audit_line(audited)))
    if summary and summary.n_missed:
        sys.exit(PROBLEMS)


def _next_step(values: dict[str, Any]) -> str:
    return "ask again" if values["audit"] else "train"


def _check_audit(values: dict[str, Any]) -> None:
    """Refuse options that would do nothing: `click.UsageError`."""
    context = click.get_current_context()
    given = {
        name
        for name in ("count", "by", "within", "corrections")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if values["audit"] and "count" in given:
        message = "--count does not go with --audit, which takes as many as --within needs."
        raise click.UsageError(message, context)
    if values["audit"] and "by" in given:
        raise click.UsageError("--by does not go with --audit, which draws at random.", context)
    if not values["audit"] and (lone := sorted(given - {"count", "by"})):
        message = f"--{lone[0]} goes with --audit."
        raise click.UsageError(message, context)


def _layout(values: dict[str, Any]) -> LayoutRequest | None:
    target: Path | None = values["target"]
    if values["to"] == "lines":
        if target or values["overwrite"]:
            message = "--target and --overwrite go with --to=page or --to=folder."
            raise click.UsageError(message)
        return None
    if target is None:
        message = f"--to={values['to']} needs a --target."
        raise click.UsageError(message)
    return LayoutRequest(values["tag"], values["to"], target, overwrite=values["overwrite"])


def layout_lines(
    request: LayoutRequest, summary: LayoutSummary, next_step: str = "train"
) -> Iterator[str]:
    """Say what was laid out, in numbers that add up, and what to do with it."""
    if summary.problems:
        yield f"problems are listed in {summary.problems}"
    n_all = summary.n_pictures + summary.n_missed
    missed = f" + problems {summary.n_missed}" if summary.n_missed else ""
    yield f"pictures {n_all} = laid out {summary.n_pictures}{missed} in {request.target}"
    if request.to == "page":
        yield f"open {request.target / INDEX_FILE}"
    else:
        yield f"move them into _yes or _no of {request.to_sort}"
        yield f"then {next_step} with --corrections={request.target}"


def audit_line(audited: Audit) -> str:
    """Say what a sample's answers tell, or how many are still to come."""
    n_answered = audited.n_sampled - len(audited.asked)
    parts = [
        f"audit of {audited.tag}: {n_answered:,} of {audited.n_sampled:,} answered, drawn from "
        f"{audited.n_pictures:,} different images, {audited.n_decided:,} of them decided"
    ]
    told = (("precision", audited.precision), ("recall", audited.recall))
    parts += [f"{name} {_told(one)}" for name, one in told if one]
    return " · ".join(parts)


def _told(one: Estimate) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def suggestion_line(one: Suggestion) -> str:
    """One picture on one line: its score, its hash, and where it lies."""
    return printable(f"{one.score:.3f} {one.hash_id} {one.file_path}")
