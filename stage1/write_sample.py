"""Write the sample data: handwritten digits as a tagged dataset, loose pictures and archives."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.option(
    "--output_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("output/sample"),
    help="Folder for dataset/, images/ and archives/.",
)
def main(output_folder: Path) -> None:
    """Write 1,797 handwritten digits to try the four stages on.

    \b
    python ./stage1/write_sample.py --output_folder=./output/sample
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.sample import write_sample  # noqa: PLC0415 - keeps `--help` quick

        counts = write_sample(output_folder)
        click.echo(
            f"{counts.n_tagged} tagged · {counts.n_loose} loose · {counts.n_archived} "
            f"in {counts.n_archives} archives, in {output_folder}"
        )


if __name__ == "__main__":
    main()
