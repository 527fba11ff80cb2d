"""Pictures unlike anything labelled: one kind is left out, and is to be told from the others."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

from shared.flow.novelty import Novelty
from shared.metadata.loading import load_metadata
from shared.records import NOVEL, Floats
from shared.training.fitting import cross_validated_scores, fitted, tag_scores
from shared.training.ranking import Truth
from shared.training.thresholds import thresholds
from tests.bench.kinds import Kinds
from tests.shared.training.digits import Digits, write_digits

N_SEEDS = 3
HEAD = (
    "set",
    "measure",
    "area under ROC",
    "novel, of the kind left out",
    "novel, of the others",
    "false alarms, with and without novel ones",
    "right decisions that stay",
)
Places: TypeAlias = NDArray[np.int64]


def measured(kinds: Kinds, seed: int) -> list[tuple[str, list[float]]]:
    """Leave each tag out, and tell what each measure says of its pictures and of the others."""
    order = np.random.default_rng(seed).permutation(len(kinds.kinds))
    half, unseen = order[: len(order) // 2], order[len(order) // 2 :]
    found = []
    for left_out in kinds.tags:
        learnt = half[kinds.kinds[half] != left_out]
        is_new = kinds.kinds[unseen] == left_out
        decisions = list(_iter_decided(kinds, learnt, unseen, left_out))
        for name, measure in MEASURES.items():
            usual, novelties = measure(kinds.vectors[learnt], kinds.vectors[unseen])
            flagged = novelties > np.quantile(usual, NOVEL)
            row = [roc_auc_score(is_new, novelties), flagged[is_new].mean()]
            row.append(flagged[~is_new].mean())
            found.append((name, row + _alarms(decisions, is_new, flagged)))
    return found


def rows(name: str, found: Sequence[list[tuple[str, list[float]]]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each measure."""
    for measure in MEASURES:
        some = [row for of_seed in found for one, row in of_seed if one == measure]
        auc, new, known, before, after, right, kept = np.mean(some, axis=0)
        yield (
            name,
            measure,
            f"{auc:.3f}",
            f"{new:.0%}",
            f"{known:.1%}",
            f"{before:.1f}, {after:.1f}",
            f"{kept / right:.1%}" if right else "",
        )


def by_nearest(learnt: Floats, unseen: Floats) -> tuple[Floats, Floats]:
    """What stages 3 and 4 do; of the usual ones it tells shares already."""
    with tempfile.TemporaryDirectory() as name:
        some = Digits(learnt, np.zeros(len(learnt), np.int64))
        judge = Novelty(load_metadata(write_digits(Path(name), some), Path(name)))
        return np.linspace(0, 1, 101), judge.of(unseen.astype(np.float32))


def by_covariance(learnt: Floats, unseen: Floats) -> tuple[Floats, Floats]:
    """Mahalanobis distances with Ledoit and Wolf's shrinkage; the usual ones by halves."""
    half = len(learnt) // 2
    usual = LedoitWolf().fit(learnt[:half]).mahalanobis(learnt[half:])
    return usual, LedoitWolf().fit(learnt).mahalanobis(unseen)


MEASURES: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
    "nearest labelled vector, cosine": by_nearest,
    "Mahalanobis, shrunk covariance": by_covariance,
}


def _iter_decided(
    kinds: Kinds, learnt: Places, unseen: Places, left_out: int
) -> Iterator[tuple[Truth, Truth]]:
    """Yield what an SVM of each other tag takes at `precision_95`, and what has the tag."""
    for tag in set(kinds.tags) - {left_out}:
        labels = (kinds.kinds[learnt] != tag).astype(np.int64)
        machine = fitted("ovr-svm", kinds.vectors[learnt], labels, 0)
        assert machine.decisions is not None
        told = thresholds(cross_validated_scores(machine.decisions, labels, 0), labels == 0, 0)
        if threshold := told["precision_95"]:
            scores = tag_scores(machine.estimator, kinds.vectors[unseen])
            yield scores >= threshold.threshold, kinds.kinds[unseen] == tag


def _alarms(decisions: Sequence[tuple[Truth, Truth]], is_new: Truth, flagged: Truth) -> list[float]:
    """Count pictures left out that are taken, and right decisions, with and without novel ones."""
    wrong = [taken & is_new for taken, _ in decisions]
    right = [taken & has_tag for taken, has_tag in decisions]
    return [
        float(sum((one & mask).sum() for one in some))
        for some in (wrong, right)
        for mask in (np.ones_like(flagged), ~flagged)
    ]
