"""Stage 4: look at pictures in a browser, say what they are, and have the classifiers learn it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.terminal.signals import end_at_once_on_signals

if __name__ == "__main__":
    end_at_once_on_signals()  # what comes first, imports, is worth no traceback

import click

from shared.terminal.exits import exit_codes
from shared.terminal.options import CONTEXT, review_options


@click.command(context_settings=CONTEXT)
@review_options()
def main(**values: Any) -> None:
    """Serve a page on this machine to look at what was scored, label it and learn.

    \b
    python ./stage4/review.py --output=./output --open
    """  # noqa: D301 - \b keeps click from joining the lines
    with exit_codes():
        from shared.terminal.reviewing import run_review  # noqa: PLC0415 - keeps `--help` quick

        run_review(values)


if __name__ == "__main__":
    main()
