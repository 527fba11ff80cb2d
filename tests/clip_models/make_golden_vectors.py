"""Writes golden_vectors.json: what the tiny tower makes of each picture in transformers and torch.

python -m tests.clip_models.make_golden_vectors, with both installed; no part of ours has a say.
The file there was made by transformers 5.23.0 with torch 2.13.0 on a CPU.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.clip_models.layout import clip_config
from tests.clip_models.make_golden import processed, processor_of
from tests.clip_models.pictures import pictures
from tests.clip_models.plans import TINY, Plan, Weights, random_weights

GOLDEN_VECTORS = Path(__file__).with_name("golden_vectors.json")


def vectors_of(plan: Plan, weights: Weights, planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Projected image embeddings of prepared pictures, as the class in transformers gives them."""
    import torch
    import transformers

    config = transformers.CLIPVisionConfig(
        hidden_size=plan.hidden,
        intermediate_size=4 * plan.hidden,
        projection_dim=plan.n_features,
        num_hidden_layers=plan.n_layers,
        num_attention_heads=plan.n_heads,
        image_size=plan.side,
        patch_size=plan.patch,
    )
    model: Any = transformers.CLIPVisionModelWithProjection(config).eval()
    model.load_state_dict({name: torch.from_numpy(one) for name, one in weights.items()})
    with torch.no_grad():
        return np.asarray(model(pixel_values=torch.from_numpy(planes)).image_embeds.numpy())


def golden_vectors() -> dict[str, list[float]]:
    """Vector of each picture, by its kind."""
    processor = processor_of(clip_config())
    planes = np.stack([processed(processor, image) for image in pictures().values()])
    vectors = vectors_of(TINY, random_weights(TINY), planes).astype(float).round(7)
    return dict(zip(pictures(), vectors.tolist(), strict=True))


def main() -> None:
    """Write the file."""
    lines = (f"{json.dumps(kind)}: {json.dumps(one)}" for kind, one in golden_vectors().items())
    GOLDEN_VECTORS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
