"""Stage 4: score every image in every zip archive, sort them into bins, remember them."""

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
@classify_options("A folder that holds .zip files at any depth, one .zip, or s3://bucket/prefix.")
def main(**values: Any) -> None:
    """Score every image in every zip archive below a directory, archives in archives too.

    \b
    python ./stage4/classify_zip.py --directory=./zips --metadata_json=./output/input-metadata.json
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.classify import run_classify  # noqa: PLC0415 - keeps `--help` quick

        run_classify("archives", values)


if __name__ == "__main__":
    main()
