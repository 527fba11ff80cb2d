"""What the command that writes the sample data does with its options, and its summary."""

from typing import Any

import click

from shared.names import printable
from shared.terminal.bar import shown_progress
from shared.training.sample import write_sample


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
