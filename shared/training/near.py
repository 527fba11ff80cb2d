"""Near copies among pictures: the same one stored again, smaller, brighter or once more compressed.

Found by their vectors, so that what an embedder takes for one picture is one. Nothing is decoded.
"""

import numpy as np
from numpy.typing import NDArray

from shared.training.fitting import reproducible, usual_scale

NEAR = 0.35
"""Of the median distance between pictures; how it was chosen is told in tests/bench/TRUST.md."""
MIN_FEATURES = 64
"""In few dimensions pictures are near each other that have nothing in common."""
N_SAMPLED = 1000
N_PROJECTED = 64
ROUGHNESS = 2.0
"""A squared distance after projection is more than that times the true one once in a million."""
BLOCK = 1000


def near_copies(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Group pictures that are near copies of one picture, the first of their group.

    Distances are compared after a random projection first (W. Johnson, J. Lindenstrauss, 1984),
    and only those that are small there are computed.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_images, n_features)
        Finite numbers.

    Returns
    -------
    ndarray of int64, shape (n_images,)
        Place of the first picture of the group; its own for a picture that is like no other.
    """
    n_images, n_features = vectors.shape
    leaders = np.arange(n_images)
    if n_features < MIN_FEATURES or n_images < 2:
        return leaders
    with reproducible():
        scaled = vectors * usual_scale(vectors)
        scaled = (scaled - scaled.mean(axis=0)).astype(np.float32)
        limit = (NEAR * _median_distance(scaled)) ** 2
        directions = np.random.default_rng(0).normal(size=(n_features, N_PROJECTED))
        projected = scaled @ (directions / np.sqrt(N_PROJECTED)).astype(np.float32)
        squares = np.einsum("ij,ij->i", projected, projected)
        for start in range(0, n_images, BLOCK):
            block = slice(start, start + BLOCK)
            products = projected[block] @ projected[start:].T
            rough = squares[block, np.newaxis] + squares[start:] - 2 * products
            _lead(leaders, scaled, start, rough <= ROUGHNESS * limit, limit)
    return leaders


def _lead(
    leaders: NDArray[np.int64],
    scaled: NDArray[np.float32],
    start: int,
    near: NDArray[np.bool_],
    limit: float,
) -> None:
    """Let each picture of a block that has no leader lead those after it that are near it."""
    for at in start + np.flatnonzero(near.sum(axis=1) > 1):
        if leaders[at] != at:
            continue
        later = at + 1 + np.flatnonzero(near[at - start, at - start + 1 :])
        distances = np.square(scaled[later] - scaled[at]).sum(axis=1)
        copies = later[distances <= limit]
        leaders[copies[leaders[copies] == copies]] = at


def _median_distance(scaled: NDArray[np.float32]) -> float:
    some = scaled[np.unique(np.linspace(0, len(scaled) - 1, N_SAMPLED).astype(int))]
    squares = np.einsum("ij,ij->i", some, some)
    distances = squares[:, np.newaxis] + squares - 2 * some @ some.T
    return float(np.sqrt(max(0.0, np.median(distances[np.triu_indices(len(some), 1)]))))
