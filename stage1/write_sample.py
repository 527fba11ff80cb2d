"""Write the sample data: handwritten digits as a tagged dataset, loose pictures and archives."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import COMMON, CONTEXT, options
from shared.terminal.values import PATH


@click.command(context_settings=CONTEXT)
@options(
    click.option(
        "--output_folder",
        type=PATH,
        default=Path("output/sample"),
        help="Folder for dataset/, images/ and archives/.",
    ),
    *COMMON,
)
def main(**values: Any) -> None:
    """Write 1,797 handwritten digits to try the four stages on.

    \b
    python ./stage1/write_sample.py --output_folder=./output/sample
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.dataset import run_sample  # noqa: PLC0415 - keeps `--help` quick

        run_sample(values)


if __name__ == "__main__":
    main()
