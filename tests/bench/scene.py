"""What is built once and kept: where it lies, how much of it there is, and the building itself."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measuring import call, cost_of

VERSION = 1
"""Grows whenever something else is built."""
N_BLOCKS = 10
BLOCK_IMAGES = 2_000
TINY_IMAGES = 100_000
SAMPLED_IMAGES = 20
UNKNOWN_IMAGES = 800
CORPORA = {"small": 1, "half": 5, "large": 10}
"""Blocks of each corpus of photos; a smaller one is the beginning of a larger one."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Corpora and classifiers in a folder; ``scale`` 1 is their full size."""

    folder: Path
    scale: float

    @property
    def n_block_images(self) -> int:
        """Pictures of one block, which is cut into eighths."""
        return 8 * round(self.scale * BLOCK_IMAGES / 8)

    @property
    def n_tiny_images(self) -> int:
        """Pictures of the large collection of tiny ones."""
        return 100 * round(self.scale * TINY_IMAGES / 100)

    @property
    def n_unknown(self) -> int:
        """Pictures that have to be embedded, in four archives."""
        return 4 * max(10, round(self.scale * UNKNOWN_IMAGES / 4))

    @property
    def n_sampled(self) -> int:
        """Photos of the sample that the naive tool is measured on."""
        return max(4, round(self.scale * SAMPLED_IMAGES))

    def n_images(self, corpus: str) -> int:
        """Pictures of a corpus of photos."""
        return CORPORA[corpus] * self.n_block_images

    @property
    def photos(self) -> Path:
        """Folder of the corpora of photos and of their metadata."""
        return self.folder / "photos"

    @property
    def tiny(self) -> Path:
        """Folder of archives of tiny pictures, of their metadata and vectors."""
        return self.folder / "tiny"

    @property
    def unknown(self) -> Path:
        """Folder of archives of photos that no metadata knows, and of a tower."""
        return self.folder / "unknown"

    @property
    def models(self) -> Path:
        """Folder of folders of classifiers."""
        return self.folder / "models"


def built_scene(work: Path, scale: float) -> Scene:
    """Build what is not there yet."""
    scene = Scene(scene_folder(work, scale), scale)
    _build(scene.models, "classifiers:build")
    _build(scene.photos, "corpora:build_photos", scene.n_block_images)
    _build(scene.tiny, "corpora:build_tiny", scene.n_tiny_images)
    _build(scene.unknown, "unknown:build", scene.n_unknown)
    return scene


def scene_folder(work: Path, scale: float) -> Path:
    """Where a scene of this size lies."""
    return work / f"scene-{VERSION}-{scale:g}"


def forget_scenes(work: Path) -> None:
    """Remove all that was built, of whatever size, and nothing else."""
    for folder in work.glob("scene-*"):
        shutil.rmtree(folder)


def _build(folder: Path, function: str, *sizes: int) -> None:
    """Build under another name, so that what was stopped half-way is not taken for done."""
    if folder.exists():
        return
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    cost_of(call(function, unfinished, *sizes))
    unfinished.rename(folder)
