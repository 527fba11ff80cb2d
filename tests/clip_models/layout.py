"""Folders and caches as the hub lays them out, with a tiny tower in them."""

import json
from pathlib import Path
from typing import Any

import onnx

from shared.pictures.embedders.towers import CONFIG_FILE, WEIGHTS_FILE
from tests.clip_models.graphs import save, tower_graph
from tests.clip_models.plans import TINY, Plan, random_weights

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "Xenova/clip-vit-base-patch32"


def clip_config(plan: Plan = TINY, **changes: object) -> dict[str, Any]:
    """A ``preprocessor_config.json`` as CLIP's repositories have it, for a tower of this size."""
    return {
        "crop_size": {"height": plan.side, "width": plan.side},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_processor_type": "CLIPImageProcessor",
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "resample": 3,
        "rescale_factor": 0.00392156862745098,
        "size": {"shortest_edge": plan.side},
    } | changes


def siglip_config(plan: Plan = TINY, **changes: object) -> dict[str, Any]:
    """The same as SigLIP's repositories have it."""
    return {
        "do_convert_rgb": None,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "SiglipImageProcessor",
        "image_std": [0.5, 0.5, 0.5],
        "resample": 2,
        "rescale_factor": 0.00392156862745098,
        "size": {"height": plan.side, "width": plan.side},
    } | changes


def tiny_tower(seed: int = 1, output: str = "image_embeds") -> onnx.ModelProto:
    """A tower that computes in no time."""
    return tower_graph(TINY, random_weights(TINY, seed), output)


def write_folder(
    folder: Path, model: onnx.ModelProto | None = None, config: dict[str, Any] | None = None
) -> Path:
    """Write a folder in the layout of a hub repository."""
    save(model or tiny_tower(), folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(config or clip_config()))
    return folder


def write_cache(cache: Path, repository: str = REPOSITORY, seed: int = 1) -> Path:
    """Write a repository into a cache as fetching it would leave it; return its folder."""
    root = cache / f"models--{repository.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(REVISION)
    return write_folder(root / "snapshots" / REVISION, tiny_tower(seed))
