"""What scores tell of a collection, beside the truth.

Half of each set is learnt from; from the other half, collections are drawn in which so many
pictures have the tag.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import ScoreCounts
from shared.flow.prevalence import prevalence
from shared.odds import N_ODDS_BINS, odds_bins
from shared.records import Floats
from shared.training.fitting import MODEL_TYPES, cross_validated_scores, fitted, tag_scores
from shared.training.ranking import Truth
from shared.training.thresholds import thresholds
from tests.bench.kinds import Kinds

N_COLLECTED = 1700
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5)
N_SEEDS = 3
HEAD = (
    "set",
    "share with the tag",
    "collections",
    "true precision at `precision_95`",
    "estimate off by, mean",
    "interval holds it",
    "width of the interval",
    "estimated share off by",
    "its interval holds it",
)


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """Scores of one classifier: cross-validated ones, and those of pictures not learnt from."""

    learnt: Floats
    learnt_has_tag: Truth
    unseen: Floats
    unseen_has_tag: Truth


def measured(kinds: Kinds, seed: int) -> list[tuple[float, list[float]]]:
    """Compare estimates with the truth for each share, tag and classifier."""
    rng = np.random.default_rng(seed)
    return [
        (share, row)
        for one in _iter_scored(kinds, seed)
        for share in SHARES
        if (row := estimated(one, share, rng))
    ]


def rows(name: str, found: Sequence[list[tuple[float, list[float]]]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each share."""
    by_share = defaultdict(list)
    for some in found:
        for share, row in some:
            by_share[share].append(row)
    for share, of_share in sorted(by_share.items()):
        true, off, held, width, share_off, share_held = np.mean(of_share, axis=0)
        yield (
            name,
            f"{share:.1%}",
            str(len(of_share)),
            f"{true:.2f}",
            f"{off:+.3f}",
            f"{held:.0%}",
            f"{width:.2f}",
            f"{share_off:+.4f}",
            f"{share_held:.0%}",
        )


def _iter_scored(kinds: Kinds, seed: int) -> Iterator[Scored]:
    """Yield both classifiers of each tag."""
    order = np.random.default_rng(seed).permutation(len(kinds.kinds))
    learnt, unseen = order[: len(order) // 2], order[len(order) // 2 :]
    for tag in kinds.tags:
        labels = (kinds.kinds[learnt] != tag).astype(np.int64)
        for model_type in MODEL_TYPES:
            machine = fitted(model_type, kinds.vectors[learnt], labels, 0)
            assert machine.decisions is not None
            yield Scored(
                cross_validated_scores(machine.decisions, labels, 0),
                labels == 0,
                tag_scores(machine.estimator, kinds.vectors[unseen]),
                kinds.kinds[unseen] == tag,
            )


def estimated(one: Scored, share: float, rng: np.random.Generator) -> list[float] | None:
    """True share and precision of a made collection, and how far and wide estimates are."""
    told = thresholds(one.learnt, one.learnt_has_tag, 0)["precision_95"]
    n_collected = min(N_COLLECTED, len(one.unseen))
    if told is None or n_collected * share < 0.5:
        return None
    tag, other = one.unseen[one.unseen_has_tag], one.unseen[~one.unseen_has_tag]
    n_tag = min(max(1, round(n_collected * share)), len(tag))
    n_other = min(len(other), round(n_tag / share) - n_tag)
    tag, other = (
        rng.choice(side, count, replace=False) for side, count in ((tag, n_tag), (other, n_other))
    )
    trained = ScoreCounts(
        tuple(counts(one.learnt[one.learnt_has_tag]).tolist()),
        tuple(counts(one.learnt[~one.learnt_has_tag]).tolist()),
    )
    found = prevalence(trained, counts(np.concatenate([tag, other])), told.threshold)
    n_decided = int((tag >= told.threshold).sum() + (other >= told.threshold).sum())
    if found is None or found.precision is None or not n_decided:
        return None
    true = float((tag >= told.threshold).sum() / n_decided)
    true_share = n_tag / (n_tag + n_other)
    precision, common = found.precision, found.share
    return [
        true,
        precision.value - true,
        float(precision.low - 1e-9 <= true <= precision.high + 1e-9),
        precision.high - precision.low,
        common.value - true_share,
        float(common.low <= true_share <= common.high),
    ]


def counts(scores: Floats) -> NDArray[np.int64]:
    """Scores by the bin of their odds."""
    return np.bincount(odds_bins(scores), minlength=N_ODDS_BINS)
