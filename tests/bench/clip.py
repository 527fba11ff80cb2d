"""What each step of CLIP costs, and inference here against bare ONNX Runtime in the same run.

python -m tests.bench.clip, with requirements-clip.txt and onnx installed. The weights are random
and a third as wide and half as deep as those of ViT-B-32: inference dominates, and it is short.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime
from PIL import Image

from shared.embedders import ClipOptions, load_embedder
from shared.embedders.clip import ClipEmbedder
from shared.embedders.pixels import prepared
from shared.embedders.runtime import CPU, thread_count
from shared.embedders.tower import Tower
from shared.images import open_picture
from shared.records import Limits
from tests.bench.measuring import spread
from tests.bench.pictures import picture
from tests.clip_models.graphs import tower_graph
from tests.clip_models.layout import clip_config, write_folder
from tests.clip_models.plans import Plan, random_weights

PLAN = Plan(side=224, patch=32, hidden=384, n_heads=6, n_layers=6, n_features=512)
N_IMAGES = 32
N_REPEATS = 7
AIM = 0.9


def main() -> int:
    """Measure, print, and tell whether the aim is met."""
    with tempfile.TemporaryDirectory() as folder:
        config = clip_config(PLAN)
        write_folder(Path(folder), tower_graph(PLAN, random_weights(PLAN)), config)
        embedder = load_embedder("clip", ClipOptions(folder, device="cpu", batch_size=N_IMAGES))
        assert isinstance(embedder, ClipEmbedder)
        rates = images_per_second(steps_of(embedder))
    ratio = rates["inference"] / rates["bare onnxruntime"]
    lines = [f"{step:24} {rate:9,.1f} images/s" for step, rate in rates.items()]
    verdict = "met" if ratio >= AIM else "missed"
    lines.append(f"inference / bare onnxruntime = {ratio:.2f}, aim {AIM}: {verdict}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if ratio >= AIM else 1


def steps_of(embedder: ClipEmbedder) -> dict[str, Callable[[], object]]:
    """Each step over the same pictures, with what comes before it done beforehand."""
    contents = [picture(number)[1] for number in range(N_IMAGES)]
    images = [decoded(content) for content in contents]
    planes = prepared(images, embedder.recipe)
    tower = Tower(embedder.weights, embedder.recipe, "cpu", thread_count())
    bare = onnxruntime.InferenceSession(str(embedder.weights), providers=[CPU])
    return {
        "decode and hash": lambda: [decoded(content) for content in contents],
        "prepare": lambda: prepared(images, embedder.recipe),
        "inference": lambda: tower.vectors(planes),
        "bare onnxruntime": lambda: bare.run(None, {"pixel_values": planes}),
        "prepare and inference": lambda: embedder.embed(images),
    }


def decoded(content: bytes) -> Image.Image:
    """Decode as the stages do."""
    return open_picture(content, Limits()).image


def images_per_second(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median rate of each step; the repeats take turns, so that noise meets all alike."""
    seconds: dict[str, list[float]] = {step: [] for step in steps}
    for repeat in range(N_REPEATS + 1):
        for step, work in steps.items():
            start = time.perf_counter()
            work()
            if repeat:  # the first warms up
                seconds[step].append(time.perf_counter() - start)
    return {step: N_IMAGES / spread(one).median for step, one in seconds.items()}


if __name__ == "__main__":
    sys.exit(main())
