"""What some measurements start from, made anew in each bench by the code under measure."""

from functools import cached_property
from pathlib import Path

from tests.bench.measuring import call, cost_of
from tests.bench.runs import Run, database_of
from tests.bench.scene import Scene


class Prepared:
    """Databases and rows in a temporary folder; each is made when it is first asked for."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.folder = folder

    @cached_property
    def scored(self) -> Path:
        """Output folder in which one classifier has scored all tiny pictures."""
        output = self.folder / "scored"
        self.tiny_run("one").first(output)
        return output

    @property
    def empty(self) -> Path:
        """Database of the same pictures without score rows."""
        return self._rows / "empty.sqlite"

    @property
    def rescored(self) -> Path:
        """Rows of a second classifier for all tiny pictures."""
        return self._rows / "rescored"

    @property
    def three(self) -> Path:
        """Rows of three classifiers for all tiny pictures."""
        return self._rows / "three"

    def tiny_run(self, models: str) -> Run:
        """Run over the tiny pictures with a folder of classifiers."""
        tiny, n_images = self.scene.tiny, self.scene.n_tiny_images
        return Run(tiny / "archives", tiny / "known.json", self.scene.models / models, n_images)

    @cached_property
    def _rows(self) -> Path:
        folder = self.folder / "rows"
        folder.mkdir()
        places = [folder / name for name in ("empty.sqlite", "rescored", "three")]
        cost_of(call("rows:prepare", database_of(self.scored), *places))
        return folder
