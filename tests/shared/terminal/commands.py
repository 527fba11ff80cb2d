"""A command with the options of stages 3 and 4, that only tells what it was given."""

from typing import Any

import click
from click.testing import CliRunner

from shared.terminal.options import CONTEXT, classify_options

REQUIRED = ["--directory=zips", "--metadata_json=m.json"]


def values_of(*arguments: str) -> dict[str, Any]:
    """What such a command is given."""
    taken: dict[str, Any] = {}

    @click.command(context_settings=CONTEXT)
    @classify_options("A folder.")
    def command(**values: Any) -> None:
        taken.update(values)

    result = CliRunner().invoke(command, [*REQUIRED, *arguments])
    assert result.exit_code == 0, result.output
    return taken
