"""Stage 1 with vectors that clip-retrieval has made: hashes and tag lists of a dataset as ever."""

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
    DATASET,
    FORGET_GONE,
    LIMITS,
    STRICT,
    WORKERS,
    options,
)
from shared.terminal.values import PATH, GivenText


@click.command(context_settings=CONTEXT)
@options(
    click.option(
        "--embeddings",
        type=PATH,
        required=True,
        help="Output folder of clip-retrieval, with img_emb and metadata in it.",
    ),
    *DATASET,
    click.option(
        "--image_root",
        type=GivenText(),
        default=None,
        show_default="paths are right as they are",
        help="What image paths begin with, in whose place --input_folder is now.",
    ),
    click.option(
        "--clip_model",
        default="ViT-B/32",
        help="Model that made the vectors, for the metadata to name.",
    ),
    FORGET_GONE,
    STRICT,
    WORKERS,
    *LIMITS,
    *COMMON,
)
def main(**values: Any) -> None:
    """Hash a dataset, and take its vectors from the .npy files of clip-retrieval.

    \b
    python ./stage1/import_clip_retrieval.py --embeddings=./embeddings --input_folder=./my-images
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.dataset import run_import  # noqa: PLC0415 - keeps `--help` quick

        run_import(values)


if __name__ == "__main__":
    main()
