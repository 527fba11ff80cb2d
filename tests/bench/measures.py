"""Every process that is measured, by name: ours, and those that ours are measured against."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tests.bench.measuring import ROOT, Cost, call, cost_of, warm
from tests.bench.prepared import Prepared
from tests.bench.runs import N_CORES, Run, database_of, forget_index

N_VECTORS = 2_000

Measure: TypeAlias = Callable[[Prepared], Cost]


class Round(dict[str, Cost]):
    """Costs by name; what is asked for the first time runs then, so that rivals run in turn."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        self.prepared = prepared

    def __missing__(self, name: str) -> Cost:
        cost = self[name] = MEASURES[name](self.prepared)
        return cost


def _photos(
    corpus: str,
    models: str,
    results: str = "none",
    metadata: str = "legacy.json",
    n_workers: int = N_CORES,
) -> Callable[[Prepared], Run]:
    """Choose what stage 4 is told about a corpus of photos."""

    def run(prepared: Prepared) -> Run:
        scene = prepared.scene
        photos, folder = scene.photos, scene.models / models
        n_images = scene.n_images(corpus)
        return Run(photos / corpus, photos / metadata, folder, n_images, results, n_workers)

    return run


def _first(run: Callable[[Prepared], Run], output: str = "output") -> Measure:
    return lambda prepared: run(prepared).first(prepared.folder / output)


def _again(run: Callable[[Prepared], Run], output: str) -> Measure:
    return lambda prepared: run(prepared).again(prepared.folder / output)


def _unknown(*more: str, n_workers: int = N_CORES, project: str = "") -> Callable[[Prepared], Run]:
    """Choose what stage 4 is told about photos that it has to embed."""

    def run(prepared: Prepared) -> Run:
        scene, unknown = prepared.scene, prepared.scene.unknown
        told = (f"--clip_model={unknown / 'tower'}", "--device=cpu", *more)
        code = unknown / project if project else ROOT
        archives, metadata = unknown / "archives", unknown / "metadata.json"
        models, n_images = scene.models / "two", scene.n_unknown
        return Run(archives, metadata, models, n_images, "none", n_workers, told, code)

    return run


def _alone(precision: str) -> Measure:
    """Decode, hash, shrink and embed, and nothing else."""

    def measure(prepared: Prepared) -> Cost:
        warm(prepared.scene.unknown / "archives")
        return cost_of(call("unknown:embed_alone", prepared.scene.unknown, precision, N_CORES))

    return measure


def _held(n_workers: int) -> Measure:
    """Bytes that all processes of a run held at once, as the process that watches them says."""

    def measure(prepared: Prepared) -> Cost:
        command = _unknown(n_workers=n_workers)(prepared).command(_emptied(prepared))
        return cost_of(call("unknown:peak_of_all", json.dumps(command)))

    return measure


def _floor(prepared: Prepared) -> Cost:
    photos = prepared.scene.photos / "large"
    warm(photos)
    return cost_of(call("floors:decode_and_hash", photos, N_CORES))


def _naive(prepared: Prepared) -> Cost:
    """Classify some pictures of the first archive; the process says the seconds of one."""
    photos, models = prepared.scene.photos, prepared.scene.models / "sixty"
    output = _emptied(prepared)
    metadata = photos / "legacy.json"
    n_sampled = prepared.scene.n_sampled
    return cost_of(
        call("naive:classify", photos / "small" / "0a.zip", metadata, models, output, n_sampled)
    )


def _rescored(prepared: Prepared) -> Cost:
    output = _emptied(prepared)
    shutil.copytree(prepared.scored, output)
    return prepared.tiny_run("one-more").again(output)


def _rescored_plainly(prepared: Prepared) -> Cost:
    vectors = prepared.scene.tiny / "vectors.npy"
    newest = prepared.scene.models / "newest.npz"
    database = _copied(prepared, database_of(prepared.scored))
    return cost_of(call("rows:rescore_plainly", database, prepared.rescored, vectors, newest))


def _loaded(function: str) -> Measure:
    return lambda prepared: cost_of(call(function, prepared.scene.tiny / "legacy.json"))


def _first_loaded(prepared: Prepared) -> Cost:
    forget_index(prepared.scene.tiny / "legacy.json")
    return _loaded("loading:load_ours")(prepared)


def _scored(function: str) -> Measure:
    """Score some vectors with 60 classifiers; the process says how many seconds that took."""

    def measure(prepared: Prepared) -> Cost:
        models, vectors = prepared.scene.models / "sixty", prepared.scene.tiny / "vectors.npy"
        return cost_of(call(function, models, vectors, N_VECTORS))

    return measure


def _written(function: str) -> Measure:
    """Write rows into a copy of the empty database; the process says its seconds."""

    def measure(prepared: Prepared) -> Cost:
        return cost_of(call(function, _copied(prepared, prepared.empty), prepared.three))

    return measure


def _emptied(prepared: Prepared) -> Path:
    output = prepared.folder / "output"
    shutil.rmtree(output, ignore_errors=True)
    return output


def _copied(prepared: Prepared, database: Path) -> Path:
    output = _emptied(prepared)
    output.mkdir()
    return Path(shutil.copy(database, output))


_HALF = _photos("half", "sixty", "link")

MEASURES: dict[str, Measure] = {
    "decode and hash": _floor,
    "first, 2": _first(_photos("large", "two")),
    "first, 60": _first(_photos("large", "sixty", "link")),
    "first, 60, small": _first(_photos("small", "sixty", "link")),
    "first, 2, known": _first(_photos("large", "two", metadata="known.json")),
    "naive": _naive,
    "first, 60, half": _first(_HALF, "half"),
    "unchanged, 60, half": _again(_HALF, "half"),
    "first, 2, half, 1 worker": _first(_photos("half", "two", n_workers=1)),
    "first, 2, half, 2 workers": _first(_photos("half", "two", n_workers=2)),
    "re-score": _rescored,
    "re-score plainly": _rescored_plainly,
    "embed, auto": _first(_unknown()),
    "embed, float32": _first(_unknown("--precision=float32")),
    "embed, before": _first(_unknown(project="before")),
    "embed alone, bfloat16": _alone("bfloat16"),
    "embed alone, float32": _alone("float32"),
    "held, 1 worker": _held(1),
    "held, 4 workers": _held(4),
    "import": lambda _: cost_of(call("loading:start")),
    "json.load": _loaded("loading:load_plainly"),
    "load": _first_loaded,
    "load again": _loaded("loading:load_ours"),
    "score": _scored("scoring:score_fused"),
    "predict_proba": _scored("scoring:score_singly"),
    "write": _written("rows:write_ours"),
    "executemany": _written("rows:write_plainly"),
}
