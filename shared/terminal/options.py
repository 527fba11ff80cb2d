"""Options that several commands have, spelled and explained once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from shared import VERSION
from shared.exporting.formats import FORMATS
from shared.records import (
    ANY_NOVELTY,
    DECIDED,
    GIBIBYTE,
    MEBIBYTE,
    NOVEL,
    THRESHOLD_NAMES,
    Limits,
)
from shared.terminal.values import PATH, GivenText, NameOrNumber, Number, PathOrUrl

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]

CONTEXT: dict[str, Any] = {
    "show_default": True,
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda token: token.replace("-", "_"),  # --metadata-json works too
    "max_content_width": 100,
}

_DEFAULT = Limits()


COMMON = (
    click.option("--quiet", is_flag=True, help="Say nothing on stderr but errors."),
    click.option("--verbose", is_flag=True, help="Name every problem on stderr as it is met."),
    click.version_option(VERSION, message="%(version)s"),
)

METADATA_JSON = click.option(
    "--metadata_json",
    type=PATH,
    required=True,
    help="Hashes and embeddings, as stage 1 writes them.",
)

TAG_TO_HASH_JSON = click.option(
    "--tag_to_hash_json",
    type=PATH,
    required=True,
    help="The hashes of each tag's images, as stage 1 writes them.",
)

MODEL = click.option(
    "--model",
    type=PATH,
    default=Path("output/models"),
    help="A folder of .pkl classifiers, or one .pkl.",
)

FORGET_GONE = click.option(
    "--forget_gone",
    is_flag=True,
    help="What is not there is gone for good, and not on a drive that is not mounted.",
)
STRICT = click.option("--strict", is_flag=True, help="Stop at the first problem, with exit code 1.")


def workers(task: str, *other_names: str) -> Decorator:
    """How many processes do a task; under other names too, by which a command has been called."""
    return click.option(
        "--workers",
        *other_names,
        "n_workers",
        type=click.IntRange(min=1),
        default=os.cpu_count() or 1,
        show_default="all cores",
        help=f"Processes that {task}.",
    )


READ_AND_DECODE = "read and decode"
WORKERS = workers(READ_AND_DECODE)


COMPUTING = (
    click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        help="Where CLIP computes; auto takes an NVIDIA GPU where one can be used.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "bfloat16", "int8"]),
        default="auto",
        help="How CLIP computes; auto is bfloat16 on a processor made for it, else float32.",
    ),
)

DATASET = (
    click.option(
        "--input_folder",
        type=PATH,
        required=True,
        help="A folder of tag folders with images, or a .zip of them.",
    ),
    click.option(
        "--output_folder",
        type=PATH,
        default=Path("output"),
        help="Folder for the metadata, the tag lists and the database.",
    ),
    click.option(
        "--tagged_dataset/--no-tagged_dataset",
        default=True,
        help="Whether folders' names, and texts with tags beside the images, are tags.",
    ),
    click.option(
        "--metadata_format",
        type=click.Choice(["json", "parquet", "both"]),
        default="json",
        help="Format of the metadata; Parquet needs requirements-parquet.txt.",
    ),
)

_SCORES_URL = click.option(
    "--database_url",
    type=GivenText(),
    show_default="a file in --output",
    help="Database server of the scores: postgresql+psycopg://user@host/name.",
)

LIMITS = (
    click.option(
        "--max_megapixels",
        type=Number(min=0, min_open=True),
        default=_DEFAULT.max_megapixels,
        help="Largest picture that is decoded, in megapixels.",
    ),
    click.option(
        "--max_member_mb",
        type=click.IntRange(min=1),
        default=_DEFAULT.max_member_bytes // MEBIBYTE,
        help="Largest file that is read, unpacked, in MiB.",
    ),
    click.option(
        "--max_entries",
        type=click.IntRange(min=1),
        default=_DEFAULT.max_entries,
        help="For archives: most entries of one, with all that is nested in one of them.",
    ),
    click.option(
        "--max_depth",
        type=click.IntRange(min=0),
        default=_DEFAULT.max_depth,
        help="For archives: how many deep those in others are opened.",
    ),
    click.option(
        "--max_unpacked_gb",
        type=click.IntRange(min=1),
        default=_DEFAULT.max_unpacked_bytes // GIBIBYTE,
        help="For archives: most that one unpacks to, with what is nested in one entry, in GiB.",
    ),
    click.option(
        "--max_ratio",
        type=Number(min=1),
        default=_DEFAULT.max_ratio,
        help="For archives: most times its own size that one unpacks to, beyond the first 256 MiB.",
    ),
)


def classify_options(directory_help: str) -> Decorator:
    """Add the options of stages 3 and 4."""
    return options(
        click.option("--directory", type=PathOrUrl(), required=True, help=directory_help),
        METADATA_JSON,
        click.option(
            "--output",
            type=PATH,
            default=Path("output"),
            help="Folder for the database and the results folders.",
        ),
        MODEL,
        click.option(
            "--output_bins",
            type=click.IntRange(min=1, max=1000),
            default=10,
            help="Number of score bins of equal width.",
        ),
        click.option(
            "--results",
            type=click.Choice(["link", "copy", "none"]),
            default="link",
            help="Fill the bins with hard links to one copy per picture, with copies, or not.",
        ),
        click.option(
            "--keep_results",
            type=click.IntRange(min=1),
            show_default="all",
            help="Remove older results folders beyond so many, but for those somebody has changed.",
        ),
        click.option(
            "--thumbnails",
            is_flag=True,
            help="Make thumbnails of the images that are decoded, so that review.py opens no "
            "archive to show them; 1 GiB of them at most.",
        ),
        click.option(
            "--results_min_score",
            type=NameOrNumber("score", DECIDED),
            show_default="all",
            help="Only what has at least this score gets into a bin; or decided: only where the "
            "tag is decided.",
        ),
        click.option(
            "--threshold",
            type=NameOrNumber("threshold", *THRESHOLD_NAMES),
            default=THRESHOLD_NAMES[0],
            help="From which score on a tag is decided: the classifier's own threshold of best F1, "
            "or precision_95, precision_90, precision_80, or a number from 0 to 1.",
        ),
        click.option(
            "--prior",
            type=click.Choice(["training", "collection"]),
            default="training",
            help="Where a threshold asked for by name has to hold: among the images learnt from, "
            "or in the collection, where a tag may be rarer, as far as scores tell.",
        ),
        click.option(
            "--max_novelty",
            type=Number(min=0, max=1),
            default=ANY_NOVELTY,
            help="Decide nothing for images beyond this novelty, the share of labelled images that "
            f"are nearer to the others: {NOVEL} leaves out what is unlike anything labelled, 1 "
            "nothing.",
        ),
        click.option(
            "--thresholds",
            type=PATH,
            show_default="none",
            help="A TOML file with thresholds of single tags, which count more.",
        ),
        click.option(
            "--write_thresholds",
            type=PATH,
            show_default="none",
            help="Write the thresholds in force to a new TOML file, to be changed by hand.",
        ),
        click.option(
            "--rescan", is_flag=True, help="Read everything again, even where it looks unchanged."
        ),
        FORGET_GONE,
        click.option(
            "--dry_run",
            is_flag=True,
            help="Write nothing, and say what a run would do, how long it takes and how much room.",
        ),
        click.option(
            "--clip_model",
            default="",
            show_default="the weights that the metadata names, if they are on this machine",
            help="CLIP weights for images that the metadata lacks: known model, OWNER/NAME on the "
            "hub, or folder. What is not on this machine is fetched.",
        ),
        *COMPUTING,
        STRICT,
        WORKERS,
        click.option(
            "--trust_models",
            is_flag=True,
            help="Load classifiers that the safe reader refuses. This can run code from them.",
        ),
        click.option(
            "--database_url",
            type=GivenText(),
            show_default="a file in --output",
            help="Database server for the scores: postgresql+psycopg://user@host/name.",
        ),
        click.option(
            "--dask_scheduler",
            type=GivenText(),
            show_default="processes on this machine",
            help="Read on the workers of a Dask cluster: tcp://host:8786.",
        ),
        *LIMITS,
        *COMMON,
    )


def export_options(kind: Literal["archives", "folders"]) -> Decorator:
    """Add the options of an export of stage 3 (folders) or 4 (archives)."""
    archive = click.option(
        "--archive",
        multiple=True,
        type=GivenText(),
        show_default="all",
        help="Only what is in this archive and in those nested in it; may be given several times.",
    )
    return options(
        click.option(
            "--output",
            type=PATH,
            default=Path("output"),
            help="Folder of the database that is exported.",
        ),
        click.option(
            "--target",
            type=PATH,
            required=True,
            help="The new file, or the new folder where pictures are copied."
            + ("" if kind == "archives" else " For xmp: the folder whose images get sidecars."),
        ),
        click.option(
            "--to",
            type=click.Choice(FORMATS),
            show_default="what the ending of --target says",
            help="A table: csv, jsonl, parquet (needs requirements-parquet.txt). Pictures with "
            "their tags: imagefolder, txt, txt-lines, xmp.",
        ),
        click.option(
            "--what",
            type=click.Choice(["tags", "scores"]),
            default="tags",
            help="The tags that are decided, or the scores of all classifiers.",
        ),
        click.option(
            "--tag",
            multiple=True,
            type=GivenText(),
            show_default="all",
            help="Only this tag; may be given several times.",
        ),
        click.option(
            "--min_score",
            type=Number(min=0, max=1),
            show_default="none",
            help="Only what has at least this score.",
        ),
        *([archive] if kind == "archives" else []),
        click.option(
            "--dc_subject",
            is_flag=True,
            help="For xmp: tags are keywords in dc:subject too, among those of people.",
        ),
        click.option("--overwrite", is_flag=True, help="Replace a target that is there."),
        _SCORES_URL,
        *(LIMITS[1:] if kind == "archives" else LIMITS[1:2]),
        *COMMON,
    )


def review_options() -> Decorator:
    """Add the options of a review."""
    return options(
        click.option(
            "--output",
            type=PATH,
            default=Path("output"),
            help="Folder of the databases that stages 1 to 4 have written.",
        ),
        click.option(
            "--metadata_json",
            type=PATH,
            show_default="input-metadata.json in --output",
            help="Hashes and embeddings, as stage 1 writes them.",
        ),
        click.option(
            "--tag_to_hash_json",
            type=PATH,
            show_default="input-tag-to-image-hash-list.json in --output",
            help="The hashes of each tag's images, as stage 1 writes them.",
        ),
        _SCORES_URL,
        click.option(
            "--host",
            type=GivenText(),
            default="127.0.0.1",
            help="Address to listen at; another than this machine's own lets others in.",
        ),
        click.option(
            "--port",
            type=click.IntRange(min=1, max=65_535),
            default=8765,
            help="Port to listen at; the next free one where it is in use.",
        ),
        click.option("--open", is_flag=True, help="Open the page in the browser."),
        workers("make thumbnails"),
        *LIMITS,
        *COMMON,
    )


def options(*decorators: Decorator) -> Decorator:
    """Make several options one decorator; they stand in the help in this order."""

    def add(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return add


def take_limits(values: dict[str, Any]) -> Limits:
    """Take those options of `LIMITS` that a command has out of its values."""
    return Limits(
        **{
            name: values.pop(option) * unit
            for option, (name, unit) in _LIMITS.items()
            if option in values
        }
    )


_LIMITS = {
    "max_megapixels": ("max_megapixels", 1),
    "max_member_mb": ("max_member_bytes", MEBIBYTE),
    "max_entries": ("max_entries", 1),
    "max_depth": ("max_depth", 1),
    "max_unpacked_gb": ("max_unpacked_bytes", GIBIBYTE),
    "max_ratio": ("max_ratio", 1),
}
"""Which limit each option sets, and its unit."""
