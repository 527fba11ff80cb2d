"""A CLIP image tower of any size with random weights, named as transformers names them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Shape of a tower. All widths are in numbers, all sides in pixels."""

    side: int = 24
    patch: int = 8
    hidden: int = 16
    n_heads: int = 2
    n_layers: int = 2
    n_features: int = 10

    @property
    def n_tokens(self) -> int:
        """Patches and the class token."""
        return (self.side // self.patch) ** 2 + 1


TINY = Plan()


def random_weights(plan: Plan, seed: int = 1) -> Weights:
    """Draw weights such that every part of the tower has a say in its vectors."""
    rng = np.random.default_rng([2030, seed])
    return {
        name: (rng.normal(size=shape) * spread + middle).astype(np.float32)
        for name, shape, middle, spread in _parts(plan)
    }


def _parts(plan: Plan) -> list[tuple[str, tuple[int, ...], float, float]]:
    """Name, shape, mean and standard deviation of every tensor."""
    width, model = plan.hidden, "vision_model"
    embeddings = f"{model}.embeddings"
    patches = (width, 3, plan.patch, plan.patch)
    parts: list[tuple[str, tuple[int, ...], float, float]] = [
        (f"{embeddings}.class_embedding", (width,), 0.0, 1.0),
        (f"{embeddings}.patch_embedding.weight", patches, 0.0, 0.1),
        (f"{embeddings}.position_embedding.weight", (plan.n_tokens, width), 0.0, 1.0),
        ("visual_projection.weight", (plan.n_features, width), 0.0, width**-0.5),
    ]
    norms, linears = ["pre_layrnorm", "post_layernorm"], []
    for i in range(plan.n_layers):
        layer = f"encoder.layers.{i}"
        norms += [f"{layer}.layer_norm1", f"{layer}.layer_norm2"]
        linears += [(f"{layer}.self_attn.{x}_proj", width, width) for x in ("q", "k", "v", "out")]
        linears += [(f"{layer}.mlp.fc1", 4 * width, width), (f"{layer}.mlp.fc2", width, 4 * width)]
    for norm in norms:
        parts += [(f"{model}.{norm}.weight", (width,), 1.0, 0.2)]
        parts += [(f"{model}.{norm}.bias", (width,), 0.0, 0.2)]
    for linear, n_out, n_in in linears:
        parts += [(f"{model}.{linear}.weight", (n_out, n_in), 0.0, n_in**-0.5)]
        parts += [(f"{model}.{linear}.bias", (n_out,), 0.0, 0.2)]
    return parts
