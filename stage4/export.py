"""Stage 4: hand the tags of images in archives on to other tools: a table, or captions."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import CONTEXT, export_options


@click.command(context_settings=CONTEXT)
@export_options("archives")
def main(**values: Any) -> None:
    """Export decided tags, or all scores, of the images in archives; nothing is scored anew.

    \b
    python ./stage4/export.py --output=./output --target=./sevens --to=txt --tag=digit-7
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.exporting import run_export  # noqa: PLC0415 - keeps `--help` quick

        run_export("archives", values)


if __name__ == "__main__":
    main()
