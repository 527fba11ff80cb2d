"""What `--thumbnails` costs a run of stage 4, beside the same run without it, in turn.

python -m tests.bench.thumbnails [--photos 600] [--small 10000] [--rounds 5]
"""

import argparse
import statistics
import tempfile
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.results.thumbnails import ThumbnailFolder
from tests.bench.classifiers import TRAINED
from tests.bench.entries import metadata_entry, written_as_legacy
from tests.bench.measuring import Cost, call, cost_of, spread
from tests.bench.pictures import photo, small_picture
from tests.bench.runs import Run

OPTION = "--thumbnails"
N_LABELLED = 40
PER_ARCHIVE = 100
N_TAGS = 2
MADE: dict[str, Callable[[int], bytes]] = {"photo": photo, "small": small_picture}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m tests.bench.thumbnails", description="Thumbnails.")
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def build(folder: str, kind: str, n_pictures: str) -> None:
    """Write stored archives, classifiers, and metadata: of the pictures' pixels, or of others."""
    root, make = Path(folder), MADE[kind]
    (root / "archives").mkdir(parents=True)
    entries = list(_iter_archived(root / "archives", make, int(n_pictures)))
    deque(written_as_legacy(root / "known.json", entries), 0)
    numbers = range(10**6, 10**6 + N_LABELLED)
    others = [metadata_entry(number, f"{number}", make(number)) for number in numbers]
    write_metadata(root / "unknown.json", map(_embedded, others))
    _write_classifiers(root / "known", entries[0].vector.size)
    _write_classifiers(root / "unknown", BuiltinEmbedder.n_features)


def _iter_archived(
    folder: Path, make: Callable[[int], bytes], n_pictures: int
) -> Iterator[MetadataEntry]:
    for first in range(0, n_pictures, PER_ARCHIVE):
        with zipfile.ZipFile(folder / f"{first:06}.zip", "w") as archive:
            for number in range(first, min(first + PER_ARCHIVE, n_pictures)):
                content = make(number)
                archive.writestr(f"{number:06}", content)
                yield metadata_entry(number, f"{number:06}", content)


def _embedded(entry: MetadataEntry) -> MetadataEntry:
    vector = np.resize(entry.vector, BuiltinEmbedder.n_features)
    return replace(entry, embedder=BuiltinEmbedder.name, vector=vector)


def _write_classifiers(folder: Path, n_features: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((N_LABELLED, n_features))
    for tag in range(N_TAGS):
        fitted = LogisticRegression().fit(vectors, np.arange(N_LABELLED) % (tag + 2) > 0)
        kind = "ovr-logistic-regression"
        form = {"classifier": fitted, "model_type": kind, "tag": f"{tag}"}
        path = folder / f"model-{kind}-tag-{tag}.pkl"
        joblib.dump(form | {"train_start_time": TRAINED}, path)


@dataclass(frozen=True, slots=True)
class Pair:
    """The same run without and with thumbnails."""

    without: Cost
    with_them: Cost

    @property
    def processor(self) -> float:
        """Processor time over processor time."""
        return self.with_them.cpu_seconds / self.without.cpu_seconds

    @property
    def wall(self) -> float:
        """Time over time."""
        return self.with_them.seconds / self.without.seconds


def pair(run: Run, output: Path, *, is_first: bool, is_odd: bool) -> Pair:
    """Run twice, every other time the one with thumbnails first."""
    costs = {}
    for option in (OPTION, "")[:: 1 if is_odd else -1]:
        one = replace(run, more=(option,) if option else ())
        place = output.with_name(output.name + option)
        costs[option] = one.first(place) if is_first else one.again(place)
    return Pair(costs[""], costs[OPTION])


def line(caption: str, pairs: list[Pair]) -> str:
    """Say what they cost more: the median of all pairs, and the least and the most."""
    told = []
    for name, ratios in (
        ("processor", [one.processor for one in pairs]),
        ("wall", [one.wall for one in pairs]),
    ):
        found = spread(ratios)
        shares = [f"{one - 1:+.1%}" for one in (found.median, found.least, found.most)]
        told.append(f"{name} {shares[0]} ({shares[1]} to {shares[2]})")
    without = statistics.median(one.without.cpu_seconds for one in pairs)
    return f"{caption}: {', '.join(told)}; {without:.1f} s of processor time without"


def iter_lines(folder: Path, n_photos: int, n_small: int, n_rounds: int) -> Iterator[str]:
    """Measure all kinds of runs."""
    for kind, count in (("photo", n_photos), ("small", n_small)):
        cost_of(call("thumbnails:build", folder / kind, kind, count))
    photos, small = folder / "photo", folder / "small"
    runs = {
        f"{n_photos} photos, embedded": run_over(photos, "unknown", n_photos),
        f"{n_photos} photos with vectors": run_over(photos, "known", n_photos),
        f"{n_small} small pictures with vectors": run_over(small, "known", n_small),
    }
    first: dict[str, list[Pair]] = {caption: [] for caption in runs}
    again = []
    for number in range(n_rounds):
        for at, (caption, run) in enumerate(runs.items()):
            output = folder / f"output-{at}"
            is_odd = bool(number % 2)
            first[caption].append(pair(run, output, is_first=True, is_odd=is_odd))
            if not at:
                again.append(pair(run, output, is_first=False, is_odd=is_odd))
    for caption, pairs in first.items():
        yield line(caption, pairs)
    yield line("the first again, with nothing new", again)
    for at, caption in enumerate(runs):
        made = ThumbnailFolder.of(folder / f"output-{at}{OPTION}")
        files = sum(1 for one in made.path.rglob("*") if one.is_file())
        yield f"{caption}: {files} thumbnails, {made.n_bytes() / max(1, files):,.0f} bytes each"


def run_over(folder: Path, kind: str, n_images: int) -> Run:
    """Name the run over what has been built."""
    metadata = folder / f"{kind}.json"
    return Run(folder / "archives", metadata, folder / kind, n_images, results="link")


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as made_up:
        for sentence in iter_lines(Path(made_up), given.photos, given.small, given.rounds):
            print(sentence, flush=True)  # noqa: T201
