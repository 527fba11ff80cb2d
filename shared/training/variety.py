"""A choice of uncertain pictures that are not all alike."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from shared.records import Floats
from shared.training.fitting import reproducible
from shared.training.selection import SEED


def varied(vectors: Floats, scores: Floats, count: int) -> NDArray[np.intp]:
    """Choose one picture from the middle of each of ``count`` groups, the most uncertain first.

    The groups are those of k-means, in which a picture weighs as much as it is uncertain
    (F. Zhdanov, "Diverse mini-batch active learning", 2019). Where there are fewer groups, as many
    pictures being the same, the most uncertain ones are added.

    Parameters
    ----------
    vectors : ndarray of float64, shape (n_images, n_features)
        Compared by their direction.
    scores : ndarray of float64, shape (n_images,)
        P(tag); 0.5 is the most uncertain.
    count : int
        How many, at least 1; fewer come where there are fewer.

    Returns
    -------
    ndarray of int, shape (min(count, n_images),)
        Places in ``vectors``.
    """
    by_doubt = np.argsort(np.abs(scores - 0.5), kind="stable")
    if count == 1:
        return by_doubt[:1]
    middles = _middles(vectors, scores, min(count, len(scores)))
    ranked = np.concatenate([by_doubt[np.isin(by_doubt, middles)], by_doubt])
    _, first = np.unique(ranked, return_index=True)
    chosen = ranked[np.sort(first)][:count]
    return by_doubt[np.isin(by_doubt, chosen)]


def _middles(vectors: Floats, scores: Floats, count: int) -> NDArray[np.intp]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1)
    doubt = np.maximum(1 - np.abs(2 * scores - 1), np.finfo(np.float32).tiny)
    with reproducible():
        groups = KMeans(count, n_init=1, random_state=SEED).fit(directions, sample_weight=doubt)
    distances = np.linalg.norm(directions - groups.cluster_centers_[groups.labels_], axis=1)
    order = np.lexsort((distances, groups.labels_))
    _, first = np.unique(groups.labels_[order], return_index=True)
    return order[first]
