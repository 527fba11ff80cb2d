"""Stage 3: score every loose image, sort them into bins, remember them."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import CONTEXT, classify_options


@click.command(context_settings=CONTEXT)
@classify_options("A folder that holds images at any depth.")
def main(**values: Any) -> None:
    """Score every image file below a directory; those in archives are stage 4's.

    \b
    python ./stage3/classify.py --directory=./images --metadata_json=./output/input-metadata.json
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.classify import run_classify  # noqa: PLC0415 - keeps `--help` quick

        run_classify("folders", values)


if __name__ == "__main__":
    main()
