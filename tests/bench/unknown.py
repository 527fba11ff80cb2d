"""Pictures that no metadata knows, and a CLIP tower of ViT-B-32's shape to embed them with.

The floor decodes, hashes and shrinks on all cores and computes in one process, and keeps nothing.
"""

import functools
import hashlib
import io
import itertools
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import openvino
from numpy.typing import NDArray
from PIL import Image

from shared.metadata.formats import write_metadata
from shared.pictures.embedders.towers import WEIGHTS_FILE, file_sha256
from shared.records import EmbedderName
from tests.bench.corpora import Plan as ArchivePlan
from tests.bench.corpora import write_archive
from tests.bench.entries import metadata_entry, vector
from tests.bench.floors import iter_contents, jpeg_pixels
from tests.bench.measuring import ROOT
from tests.bench.pictures import picture
from tests.clip_models.graphs import tower_graph
from tests.clip_models.layout import clip_config, write_folder
from tests.clip_models.plans import Plan, random_weights

PLAN = Plan(side=224, patch=32, hidden=768, n_heads=12, n_layers=12, n_features=512)
FIRST = 500_000
N_ARCHIVES = 4
BATCH = 32
BEFORE = "0dc85dd"
"""The commit that speed is measured against."""


def build(folder: str, n_images: str) -> None:
    """Write a tower, archives of pictures, metadata that knows one other picture, and `BEFORE`."""
    root, size = Path(folder), int(n_images) // N_ARCHIVES
    tower = write_folder(root / "tower", tower_graph(PLAN, random_weights(PLAN)), clip_config(PLAN))
    name = EmbedderName("CLIP", "tower", "local", file_sha256(tower / WEIGHTS_FILE))
    (root / "archives").mkdir()
    for number in range(N_ARCHIVES):
        path = root / "archives" / f"{number}.zip"
        write_archive(ArchivePlan(path, zipfile.ZIP_STORED, FIRST + number * size, size))
    entry = metadata_entry(FIRST - 1, *picture(FIRST - 1))
    write_metadata(
        root / "metadata.json", [replace(entry, embedder=name, vector=vector(FIRST - 1))]
    )
    packed = subprocess.run(
        ["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(root / "before", filter="data")


def embed_alone(folder: str, precision: str, n_processes: str) -> int:
    """Decode, hash, shrink and embed every picture; return how many hashes there are."""
    root = Path(folder)
    compute = _bfloat16(root) if precision == "bfloat16" else _float32(root)
    hashes: set[str] = set()
    with ProcessPoolExecutor(int(n_processes)) as pool:
        slices = list(_iter_slices(root / "archives"))
        for told in pool.map(_prepared, *zip(*slices, strict=True)):
            hashes.update(told[0])
            compute(told[1])
    return len(hashes)


def _iter_slices(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in sorted(folder.iterdir()):
        with zipfile.ZipFile(path) as archive:
            n_members = len(archive.infolist())
        yield from ((path, start) for start in range(0, n_members, BATCH))


def _prepared(path: Path, start: int) -> tuple[list[str], NDArray[np.float32]]:
    """Hashes, and planes of float32 (n_images, 3, 224, 224) as CLIP's processor makes them."""
    hashes, planes = [], []
    with zipfile.ZipFile(path) as archive:
        for content in iter_contents(archive, start, start + BATCH):
            hash_id, image = _decoded(content)
            hashes.append(hash_id)
            planes.append(_planes(image))
    return hashes, np.stack(planes)


def _decoded(content: bytes) -> tuple[str, Image.Image]:
    if content.startswith(b"\xff\xd8"):
        pixels = jpeg_pixels(content)
        return hashlib.blake2b(pixels.data).hexdigest(), Image.fromarray(pixels.squeeze())
    image = Image.open(io.BytesIO(content))
    return hashlib.blake2b(image.tobytes()).hexdigest(), image


def _planes(image: Image.Image) -> NDArray[np.float32]:
    levels = np.asarray(_shrunk(image.convert("RGB")))
    return np.stack([table[levels[..., i]] for i, table in enumerate(_levels())])


@functools.cache
def _levels() -> list[NDArray[np.float32]]:
    """What each of the 256 levels of each colour becomes."""
    config = clip_config()
    scaled = (np.arange(256) * config["rescale_factor"]).astype(np.float32)
    colours = zip(config["image_mean"], config["image_std"], strict=True)
    return [(scaled - np.float32(mean)) / np.float32(std) for mean, std in colours]


def _shrunk(image: Image.Image) -> Image.Image:
    scale = PLAN.side / min(image.size)
    width, height = (max(PLAN.side, int(side * scale)) for side in image.size)
    left, top = (width - PLAN.side) // 2, (height - PLAN.side) // 2
    box = (left, top, left + PLAN.side, top + PLAN.side)
    return image.resize((width, height), Image.Resampling.BICUBIC).crop(box)


def _float32(root: Path) -> Any:  # noqa: ANN401 - ONNX Runtime ships no types
    weights = str(root / "tower" / WEIGHTS_FILE)
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    return lambda planes: session.run(["image_embeds"], {"pixel_values": planes})


def _bfloat16(root: Path) -> Any:  # noqa: ANN401
    how = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}
    weights = root / "tower" / WEIGHTS_FILE
    request = openvino.Core().compile_model(weights, "CPU", how).create_infer_request()
    return lambda planes: request.infer({"pixel_values": planes})


def peak_of_all(command: str) -> int:
    """Run a command, given in JSON, and return the most bytes that all its processes held at once.

    What processes share counts once (the kernel's proportional set size).
    """
    most = 0
    with subprocess.Popen(json.loads(command), cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while True:
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                most = max(most, sum(map(_held, _iter_family(process.pid))))
            else:
                break
    if process.returncode:
        raise SystemExit(f"ended with {process.returncode}")
    return most


def _iter_family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        yield from itertools.chain.from_iterable(_iter_family(int(child)) for child in children)


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
