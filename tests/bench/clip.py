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

from shared.pictures.embedders.choosing import load_embedder
from shared.pictures.embedders.clip import ClipEmbedder, ClipOptions
from shared.pictures.embedders.pixels import cropped, planes_of
from shared.pictures.embedders.runtimes import CPU, thread_count
from shared.pictures.embedders.tower import Tower
from shared.pictures.opening import open_picture
from shared.records import Limits
from tests.bench.measuring import Spread, spread
from tests.bench.pictures import picture
from tests.clip_models.graphs import tower_graph
from tests.clip_models.layout import clip_config, write_folder
from tests.clip_models.plans import Plan, random_weights

PLAN = Plan(side=224, patch=32, hidden=384, n_heads=6, n_layers=6, n_features=512)
N_IMAGES = 16
N_REPEATS = 5
N_PAIRS = 20
SPIN_SECONDS = 0.3
AIM = 0.9

Work = Callable[[], object]


def main() -> int:
    """Measure, print, and tell whether the aim is met."""
    with tempfile.TemporaryDirectory() as folder:
        graph = tower_graph(PLAN, random_weights(PLAN))
        write_folder(Path(folder), graph, clip_config(PLAN))
        embedder = load_embedder("clip", ClipOptions(folder, device="cpu"))
        assert isinstance(embedder, ClipEmbedder)
        steps = steps_of(embedder)
        lines = [f"{step:22} {rate_of(work):8,.1f} images/s" for step, work in steps.items()]
        ratio = ratio_of(steps["inference"], steps["bare onnxruntime"])
    verdict = "met" if ratio.median >= AIM else "missed"
    lines.append(
        f"inference / bare onnxruntime = {ratio.median:.2f} ({ratio.least:.2f} to "
        f"{ratio.most:.2f} in {N_PAIRS} pairs), aim {AIM}: {verdict}"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if ratio.median >= AIM else 1


def steps_of(embedder: ClipEmbedder) -> dict[str, Work]:
    """Each step over the same pictures, with what comes before it done beforehand."""
    contents = [picture(number)[1] for number in range(N_IMAGES)]
    images = [decoded(content) for content in contents]
    planes = planes_of(cropped(images, embedder.recipe), embedder.recipe)
    tower = Tower(embedder.weights, embedder.recipe, "cpu", "", thread_count())
    bare = onnxruntime.InferenceSession(str(embedder.weights), providers=[CPU])
    return {
        "decode and hash": lambda: [decoded(content) for content in contents],
        "prepare": lambda: planes_of(cropped(images, embedder.recipe), embedder.recipe),
        "inference": lambda: tower.vectors(planes),
        "bare onnxruntime": lambda: bare.run(None, {"pixel_values": planes}),
        "prepare and inference": lambda: embedder.embed(images),
    }


def decoded(content: bytes) -> Image.Image:
    """Decode as the stages do."""
    return open_picture(content, Limits()).image


def rate_of(work: Work) -> float:
    """Images per second, the median of some repeats after one that warms up."""
    return N_IMAGES / spread([seconds_of(work) for _ in range(N_REPEATS + 1)][1:]).median


def ratio_of(work: Work, floor: Work) -> Spread:
    """Speed of one work over that of another, in pairs: what else the machine does meets both."""
    ratios = []
    for place in range(N_PAIRS):
        first, second = (work, floor) if place % 2 else (floor, work)
        one, other = seconds_of(first), seconds_of(second)
        ratios.append(other / one if place % 2 else one / other)
    return spread(ratios)


def seconds_of(work: Work) -> float:
    """Time one call, when threads of the last one no longer spin for more work."""
    time.sleep(SPIN_SECONDS)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
