"""The pictures of the README, made anew by a browser from what `make run` has left.

python -m tests.screenshots [output folder]
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import opened
from tests.worlds import ROOT

SCHEMES = {"": "1", "-dark": "0"}
"""Ends of file names, and what Chromium calls the scheme."""
WIDTH = 1200
N_COLORS = 256
"""A page has few colours, and so a PNG of a palette is a third of the size."""
PICTURES = {
    "latest/index.html": ("stage4/results", 620),
    "reports/index.html": ("stage2/classifiers", 500),
}
"""Pages below the output folder: the picture of each, and how much of its height is shown."""


def take(page: Path, picture: Path, height: int) -> None:
    """Write ``<picture>.png`` and ``<picture>-dark.png`` of the upper part of a page."""
    with tempfile.TemporaryDirectory() as made:
        shot = Path(made) / "shot.png"
        for end, scheme in SCHEMES.items():
            opened(
                page,
                f"--screenshot={shot}",
                f"--window-size={WIDTH},{height}",
                f"--blink-settings=preferredColorScheme={scheme}",
                "--hide-scrollbars",
                profile=Path(made),
            )
            with Image.open(shot) as image:
                small = image.convert("RGB").quantize(
                    N_COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
                )
                small.save(picture.with_name(f"{picture.name}{end}.png"), optimize=True)


def main(output: Path, root: Path = ROOT) -> None:
    """Take all pictures."""
    for page, (picture, height) in PICTURES.items():
        take((output / page).resolve(), root / picture, height)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "output"))
