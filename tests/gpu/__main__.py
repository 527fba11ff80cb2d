"""Checks the tower on an NVIDIA card against the processor, and measures it alone and in stage 4.

python -m tests.gpu [number of pictures]. The weights are random, of the shape of ViT-B-32.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.recipe import load_recipe
from shared.pictures.embedders.runtimes import thread_count
from shared.pictures.embedders.tower import Tower
from shared.pictures.embedders.towers import CONFIG_FILE, WEIGHTS_FILE
from shared.pictures.opening import open_picture
from shared.records import Limits
from tests.bench.pictures import picture
from tests.clip_models.graphs import tower_graph
from tests.clip_models.layout import clip_config, write_folder
from tests.clip_models.plans import Plan, random_weights
from tests.worlds import ROOT

PLAN = Plan(side=224, patch=32, hidden=768, n_heads=12, n_layers=12, n_features=512)
N_COMPARED = 64
N_LABELLED = 40
PER_ARCHIVE = 500
BATCHES = (32, 128, 512)
SECONDS = 5
AIM = 1e-3
"""Most that a number of a vector may differ, as a share of the vector's length."""


def main(n_images: int) -> int:
    """Print what was found; 1 where vectors differ too much."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights = folder / "tower"
        (weights / WEIGHTS_FILE).parent.mkdir(parents=True)
        write_folder(weights, tower_graph(PLAN, random_weights(PLAN)), clip_config(PLAN))
        difference = compare(weights)
        measure_tower(weights)
        measure_stages(folder, weights, n_images)
    return int(difference > AIM)


def compare(weights: Path) -> float:
    """Largest difference of a vector's number between the card and the processor."""
    recipe = load_recipe(weights / CONFIG_FILE)
    images = [open_picture(picture(i)[1], Limits()).image for i in range(N_COMPARED)]
    planes = planes_of(cropped(images, recipe), recipe)
    card, processor = (
        Tower(weights / WEIGHTS_FILE, recipe, device, "", thread_count()).vectors(planes)
        for device in ("cuda", "cpu")
    )
    lengths = np.linalg.norm(processor, axis=1, keepdims=True)
    difference = float((np.abs(card - processor) / lengths).max())
    cosines = (card * processor).sum(axis=1) / lengths[:, 0] / np.linalg.norm(card, axis=1)
    say(f"vectors: largest difference {difference:.1e} of their length, aim {AIM:.0e}")
    say(f"vectors: smallest cosine {cosines.min():.7f}")
    return difference


def measure_tower(weights: Path) -> None:
    """Images per second of the tower alone, by the size of a batch."""
    recipe = load_recipe(weights / CONFIG_FILE)
    tower = Tower(weights / WEIGHTS_FILE, recipe, "cuda", "", thread_count())
    for size in BATCHES:
        planes = np.random.default_rng(0).normal(size=(size, 3, 224, 224)).astype(np.float32)
        tower.vectors(planes)
        start, n_done = time.perf_counter(), 0
        while (seconds := time.perf_counter() - start) < SECONDS:
            tower.vectors(planes)
            n_done += size
        say(f"tower alone, batches of {size}: {n_done / seconds:,.0f} images/s")


def measure_stages(folder: Path, weights: Path, n_images: int) -> None:
    """Stage 4 over pictures that nobody has seen, with classifiers trained on the same tower."""
    with ProcessPoolExecutor() as pool:
        contents = list(pool.map(picture, range(n_images + N_LABELLED), chunksize=16))
    for number, (name, content) in enumerate(contents[n_images:]):
        path = folder / "tagged" / ("dark" if number % 2 else "light") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "zips").mkdir()
    for start in range(0, n_images, PER_ARCHIVE):
        with zipfile.ZipFile(folder / "zips" / f"{start:06}.zip", "w") as archive:
            for name, content in contents[start : min(start + PER_ARCHIVE, n_images)]:
                archive.writestr(name, content)
    output = folder / "output"
    tower = [f"--clip_model={weights}", "--device=cuda"]
    metadata = f"--metadata_json={output / 'input-metadata.json'}"
    run("stage1/process_dataset.py", f"--input_folder={folder / 'tagged'}",
        f"--output_folder={output}", *tower)  # fmt: skip
    tags = output / "input-tag-to-image-hash-list.json"
    run("stage2/train.py", metadata, f"--tag_to_hash_json={tags}", f"--output={output}")
    for workers in (1, 4, 16):
        for path in output.glob("zip_score_cache*"):
            path.unlink()
        seconds = run("stage4/classify_zip.py", f"--directory={folder / 'zips'}", metadata,
                      f"--output={output}", f"--model={output / 'models'}", "--results=none",
                      f"--workers={workers}", *tower)  # fmt: skip
        say(f"stage 4, {workers} workers: {n_images / seconds:,.0f} images/s, {seconds:.1f} s")


def run(script: str, *options: str) -> float:
    """Run a command, with what the card does meanwhile; return the seconds that it took."""
    meter = None
    if tool := shutil.which("nvidia-smi"):
        asked = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"]
        meter = subprocess.Popen([tool, *asked, "-lms", "200"], stdout=subprocess.PIPE, text=True)
    start = time.perf_counter()
    command = [sys.executable, str(ROOT / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{script} ended with {done.returncode}: {done.stderr[-2000:]}")
    if meter:
        meter.terminate()
        rows = [line.split(", ") for line in (meter.communicate()[0] or "").splitlines()]
        busy = [float(row[0]) for row in rows if len(row) == 2]
        used = [float(row[1]) for row in rows if len(row) == 2]
        if busy:
            say(f"{script}: card busy {np.mean(busy):.0f}% of the time, {max(used):,.0f} MiB used")
    return seconds


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
