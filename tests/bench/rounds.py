"""One round: every process that is measured, ours and those that it is measured against.

Each runs when an aim first asks for it, so that the two sides of a ratio follow one another.
"""

import os
import re
import shutil
import sys
from functools import cached_property
from pathlib import Path

from tests.bench.measuring import ROOT, Cost, call, cost_of
from tests.bench.scene import Scene

SAMPLE_IMAGES = 20
SCORED_VECTORS = 2_000


class Prepared:
    """What a round starts from and the code of today has to make."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.folder = folder

    @cached_property
    def scored(self) -> Path:
        """Output folder of a run that has scored the tiny pictures with one classifier."""
        output = self.folder / "scored"
        tiny = self.scene.tiny
        cost = cost_of(stage4(tiny / "archives", tiny / "known.json", self._one, output))
        check_scored(cost, self.scene.n_tiny_images)
        return output

    @cached_property
    def rows(self) -> Path:
        """Folder of a database without score rows, and of rows to write."""
        folder = self.folder / "rows"
        folder.mkdir()
        names = ("empty.sqlite", "rescored.rows", "three.rows")
        cost_of(call("rows:prepare", str(database_of(self.scored)), *(f"{folder / n}" for n in names)))
        return folder

    @property
    def _one(self) -> Path:
        return self.scene.models / "one"
