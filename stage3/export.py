"""Stage 3: hand the tags of loose images on to other tools: a table, captions, sidecars."""

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
@export_options("folders")
def main(**values: Any) -> None:
    """Export decided tags, or all scores, of loose images; nothing is scored anew.

    \b
    python ./stage3/export.py --output=./output --target=./images --to=xmp
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.exporting import run_export  # noqa: PLC0415 - keeps `--help` quick

        run_export("folders", values)


if __name__ == "__main__":
    main()
