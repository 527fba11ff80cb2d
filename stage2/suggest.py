"""Stage 2: name the unlabelled pictures that are most worth a label next."""

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
    MODEL,
    TAG_TO_HASH_JSON,
    options,
)
from shared.terminal.values import PATH, PathOrUrl


@click.command(context_settings=CONTEXT)
@options(
    METADATA_JSON,
    TAG_TO_HASH_JSON,
    click.option("--tag", required=True, help="The tag that pictures are wanted for."),
    MODEL,
    click.option(
        "--output",
        type=PATH,
        default=Path("output"),
        help="Folder of labels.sqlite, what people said already, and of the stages' databases.",
    ),
    click.option(
        "--database",
        type=PathOrUrl(),
        show_default="the metadata, and what lies in --output",
        help="Suggest from the scores of this .sqlite of stage 3 or 4, or server's URL, alone.",
    ),
    click.option(
        "--count", type=click.IntRange(min=1, max=1000), default=20, help="How many pictures."
    ),
    click.option(
        "--by",
        type=click.Choice(["doubt", "novelty"]),
        default="doubt",
        help="What the classifiers are unsure of, or what is the most unlike anything labelled.",
    ),
    click.option(
        "--audit",
        is_flag=True,
        help="Name a random sample instead, and tell from its answers how good the tag's decisions "
        "of stages 3 and 4 are.",
    ),
    click.option(
        "--within",
        type=click.FloatRange(0.01, 0.5),
        default=0.05,
        help="How near to the truth an audit shall find the precision; it decides the sample.",
    ),
    click.option(
        "--corrections",
        type=PATH,
        show_default="none",
        help="The folder of an audit that has been sorted; training on it would spoil the audit.",
    ),
    click.option(
        "--to",
        type=click.Choice(["lines", "page", "folder"]),
        default="lines",
        help="A line for each with score, hash and file; a page to look at; a folder to sort.",
    ),
    click.option(
        "--target",
        type=PATH,
        show_default="none",
        help="The new folder of the page, or of the pictures to sort.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace a target that suggest.py has made."),
    *COMMON,
)
def main(**values: Any) -> None:
    """Name pictures most worth a label: not all alike, and doubtful, or unlike all labelled.

    \b
    python ./stage2/suggest.py --metadata_json=./all/input-metadata.json \\
        --tag_to_hash_json=./output/input-tag-to-image-hash-list.json --tag=cat
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.training import run_suggest  # noqa: PLC0415 - keeps `--help` quick

        run_suggest(values)


if __name__ == "__main__":
    main()
