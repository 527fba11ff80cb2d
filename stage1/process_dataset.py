"""Stage 1: turn a tagged dataset into hashes, embeddings and tag lists."""

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
    COMPUTING,
    CONTEXT,
    DATASET,
    FORGET_GONE,
    LIMITS,
    READ_AND_DECODE,
    STRICT,
    options,
    workers,
)


@click.command(context_settings=CONTEXT)
@options(
    *DATASET,
    click.option(
        "--embedder",
        type=click.Choice(["clip", "builtin"]),
        default="clip",
        help="What turns images into vectors; builtin needs no download.",
    ),
    click.option(
        "--clip_model",
        default="ViT-B-32",
        help="Known model, OWNER/NAME on the hub, or a folder with its ONNX files.",
    ),
    click.option(
        "--pretrained", default="openai", help="Whose weights of a known model are meant."
    ),
    *COMPUTING,
    click.option(
        "--batch_size",
        type=click.IntRange(min=1),
        default=32,
        help="Images that CLIP computes at once; fewer where memory needs it.",
    ),
    FORGET_GONE,
    STRICT,
    workers(READ_AND_DECODE, "--num_threads"),
    *LIMITS,
    *COMMON,
)
def main(**values: Any) -> None:
    """Hash and embed a dataset: one folder per tag, the folder's name is the tag.

    \b
    python ./stage1/process_dataset.py --input_folder=./my-tagged-images
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.dataset import run_dataset  # noqa: PLC0415 - keeps `--help` quick

        run_dataset(values)


if __name__ == "__main__":
    main()
