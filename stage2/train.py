"""Stage 2: train small classifiers, two for each tag, and report how good they are."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import (
    COMMON,
    CONTEXT,
    METADATA_JSON,
    TAG_TO_HASH_JSON,
    options,
    workers,
)
from shared.terminal.values import PATH, GivenText, Number, PathOrUrl


@click.command(context_settings=CONTEXT)
@options(
    METADATA_JSON,
    TAG_TO_HASH_JSON,
    click.option(
        "--output",
        type=PATH,
        default=Path("output"),
        help="Folder for models/ and reports/.",
    ),
    click.option(
        "--test_per",
        type=Number(min=0, max=1, max_open=True),
        default=0.1,
        help="Share of each tag's images that is held out for the reports; 0 holds out none.",
    ),
    click.option(
        "--corrections",
        type=PATH,
        show_default="none",
        help="A results folder in which pictures were moved into a tag's _yes/ or _no/.",
    ),
    click.option(
        "--database",
        type=PathOrUrl(),
        show_default="those in --output and beside the results alone",
        help="A .sqlite of stage 3 or 4, or a server's URL, to ask first for the vectors of "
        "pictures that the metadata lacks.",
    ),
    click.option(
        "--tag",
        type=GivenText(),
        multiple=True,
        show_default="all",
        help="Train this tag alone and keep the others' files; may be given several times.",
    ),
    workers("train"),
    *COMMON,
)
def main(**values: Any) -> None:
    """Train a logistic regression and an SVM for every tag, and report how good they are.

    \b
    python ./stage2/train.py --metadata_json=./output/input-metadata.json \\
        --tag_to_hash_json=./output/input-tag-to-image-hash-list.json
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.training import run_train  # noqa: PLC0415 - keeps `--help` quick

        run_train(values)


if __name__ == "__main__":
    main()
