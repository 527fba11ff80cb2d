"""The forward pass of a CLIP image tower in numpy, written without a look at the graph."""

import numpy as np
from numpy.typing import NDArray

from tests.clip_models.plans import Plan, Weights

Floats = NDArray[np.float64]
EPSILON = 1e-5


def forward(plan: Plan, weights: Weights, planes: NDArray[np.float32]) -> Floats:
    """Projected image embeddings, float64 (n_images, n_features), of prepared pictures."""
    tower = {name.removeprefix("vision_model."): one.astype(float) for name, one in weights.items()}
    grid = plan.side // plan.patch
    patches = planes.astype(float).reshape(-1, 3, grid, plan.patch, grid, plan.patch)
    kernel = tower["embeddings.patch_embedding.weight"]
    tokens = np.einsum("ncyihj,dcij->nyhd", patches, kernel)
    tokens = tokens.reshape(len(planes), grid * grid, plan.hidden)
    first = np.tile(tower["embeddings.class_embedding"], (len(planes), 1, 1))
    hidden = np.concatenate([first, tokens], axis=1)
    hidden += tower["embeddings.position_embedding.weight"]
    hidden = _norm(tower, "pre_layrnorm", hidden)
    for i in range(plan.n_layers):
        layer = f"encoder.layers.{i}"
        hidden = hidden + _attention(
            tower, layer, plan, _norm(tower, f"{layer}.layer_norm1", hidden)
        )
        inner = _linear(tower, f"{layer}.mlp.fc1", _norm(tower, f"{layer}.layer_norm2", hidden))
        hidden = hidden + _linear(tower, f"{layer}.mlp.fc2", inner / (1 + np.exp(-1.702 * inner)))
    pooled = _norm(tower, "post_layernorm", hidden[:, 0])
    return np.asarray(pooled @ tower["visual_projection.weight"].T)


def _attention(tower: dict[str, Floats], layer: str, plan: Plan, hidden: Floats) -> Floats:
    n_images, n_tokens, width = hidden.shape
    query, key, value = (
        _linear(tower, f"{layer}.self_attn.{one}_proj", hidden).reshape(
            n_images, n_tokens, plan.n_heads, width // plan.n_heads
        )
        for one in ("q", "k", "v")
    )
    logits = np.einsum("nqhd,nkhd->nhqk", query, key) / np.sqrt(width // plan.n_heads)
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = np.einsum("nhqk,nkhd->nqhd", shares, value).reshape(hidden.shape)
    return _linear(tower, f"{layer}.self_attn.out_proj", mixed)


def _norm(tower: dict[str, Floats], name: str, hidden: Floats) -> Floats:
    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return np.asarray(scaled * tower[f"{name}.weight"] + tower[f"{name}.bias"])


def _linear(tower: dict[str, Floats], name: str, hidden: Floats) -> Floats:
    return np.asarray(hidden @ tower[f"{name}.weight"].T + tower[f"{name}.bias"])
