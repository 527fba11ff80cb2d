"""A small collection with something of everything, and the command that scores it."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.crash.databases import DatabaseUnderTest
from tests.worlds import ROOT, World, png, zipped


@dataclass(frozen=True)
class Size:
    """How much there is: members of the largest archive, and tags."""

    n_large: int
    n_tags: int


SMALL = Size(n_large=40, n_tags=3)
"""A run takes little more than its start."""
WIDE = Size(n_large=420, n_tags=25)
"""Worth workers, two slices, and more scores of one archive than one transaction takes."""


@dataclass(frozen=True)
class Scene:
    """One collection under one kind of database, and an output folder for each trial.

    The metadata is each trial's own, so that a kill can meet its first load too.
    """

    world: World
    database: DatabaseUnderTest
    options: tuple[str, ...] = ()
    script: Path = ROOT / "stage4" / "classify_zip.py"

    def output(self, name: str) -> Path:
        """A fresh folder, which the run has to make."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.world.folder))
        shutil.copy(self.world.metadata, folder)
        return folder / "output"

    def kept(self, output: Path) -> Path:
        """Copy the state that a killed run has left, and return where the copy lies."""
        copy = Path(tempfile.mkdtemp(prefix="kept-", dir=self.world.folder)) / "trial"
        shutil.copytree(output.parent, copy, symlinks=True)
        if self.database.exists(output):
            self.database.copy(output, copy / output.name)
        return copy

    def put_back(self, copy: Path, output: Path) -> None:
        """Make all as it was when the copy was taken."""
        shutil.rmtree(output.parent)
        copy.rename(output.parent)
        if self.database.exists(copy / output.name):
            self.database.move(copy / output.name, output)

    def command(self, output: Path, *options: str) -> list[str]:
        """The command line of a run."""
        return [
            sys.executable,
            str(self.script),
            f"--directory={self.world.zips}",
            f"--metadata_json={output.parent / self.world.metadata.name}",
            f"--model={self.world.models}",
            f"--output={output}",
            "--quiet",  # what ends a run is all that it says
            *self.database.options(output),
            *self.options,
            *options,
        ]

    def start(self, output: Path, *options: str) -> "subprocess.Popen[str]":
        """A run that goes on, in a process group of its own."""
        return subprocess.Popen(
            self.command(output, *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def write_collection(folder: Path, size: Size) -> World:
    """Write archives with good, broken, nested and equal members, and one that is no archive."""
    world = World(folder)
    for seed in range(size.n_tags):
        world.train(f"tag{seed}", seed)
    inner = [png(10_000 + i) for i in range(10)]
    nested = zipped({f"{i}.png": content for i, content in enumerate(inner)})
    world.archive("a/large.zip", {f"{i}.png": png(i) for i in range(size.n_large)})
    world.archive("b/nested.zip", {"in.zip": nested, "x/in.zip": zipped({"in.zip": nested})})
    world.archive("c/mixed.zip", [*_mixed(), ("1.png", png(20_000)), ("1.png", png(5))])
    world.archive("d/small.cbz", {f"{i}.png": png(30_000 + i) for i in range(20)})
    (world.zips / "e.zip").write_bytes(b"no archive")
    world.know(*inner)
    return world


def _mixed() -> list[tuple[str, bytes]]:
    return [
        ("notes.txt", b"text"),
        ("__MACOSX/._1.png", b""),
        ("broken.png", b"no picture"),
    ]
