"""What thresholds promise, and what they keep on pictures never seen.

Half of each set is learnt from, with 20 or 50 of a tag's pictures or all of them; the other half
judges, weighed so that the tag is as frequent there as among what was learnt. Beside today's
thresholds stand those of before, which were the lowest that had the precision among the
cross-validated scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shared.records import Floats
from shared.training.fitting import MODEL_TYPES, cross_validated_scores, fitted, tag_scores
from shared.training.ranking import Truth, ranked
from shared.training.thresholds import NOWHERE, TARGETS, counted
from tests.bench.kinds import Kinds

FEW = (20, 50)
ALL = 0
HEAD = ("set", "target", "with the tag", "chosen", "reached", "precision", "far below", "recall")
N_SEEDS = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """One threshold on pictures never seen; ``precision`` is None where none was taken."""

    n_tag: int
    target: float
    is_sure: bool
    is_reached: bool
    precision: float | None
    recall: float


def measured(kinds: Kinds, seed: int) -> list[Kept]:
    """Judge all thresholds of all classifiers after one division."""
    return list(_iter_kept(kinds, seed))


def _iter_kept(kinds: Kinds, seed: int) -> Iterator[Kept]:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(kinds.kinds))
    learnt, unseen = order[: len(order) // 2], order[len(order) // 2 :]
    for tag in kinds.tags:
        truth = kinds.kinds[unseen] == tag
        with_tag = learnt[kinds.kinds[learnt] == tag]
        others = learnt[kinds.kinds[learnt] != tag]
        for n_tag in (*FEW, ALL):
            rows = np.append(with_tag[: n_tag or len(with_tag)], others)
            labels = (kinds.kinds[rows] != tag).astype(np.int64)
            for model_type in MODEL_TYPES:
                found = fitted(model_type, kinds.vectors[rows], labels, 0)
                assert found.decisions is not None
                scores = cross_validated_scores(found.decisions, labels, 0)
                judged = tag_scores(found.estimator, kinds.vectors[unseen])
                yield from _iter_judged(n_tag, (scores, labels == 0), (judged, truth))


def _iter_judged(
    n_tag: int, validated: tuple[Floats, Truth], unseen: tuple[Floats, Truth]
) -> Iterator[Kept]:
    ranking = ranked(*validated)
    counts = counted(ranking, np.ones(len(ranking.scores), np.int64))
    share = float(ranking.has_tag.mean())
    can_cut = np.append(np.diff(ranking.scores) != 0, True)
    precisions = np.cumsum(ranking.has_tag) / np.arange(1, len(can_cut) + 1)
    for target in filter(None, TARGETS.values()):
        likely = ranking.scores[can_cut & (precisions >= target)][-1:]
        at = counts.cut(target)
        sure = ranking.scores[ranking.cuts[at]][np.newaxis] if at != NOWHERE else likely[:0]
        for is_sure, chosen in ((False, likely), (True, sure)):
            if not len(chosen):
                yield Kept(n_tag, target, is_sure, False, None, 0)
                continue
            scores, truth = unseen
            found = scores >= chosen
            recall, alarms = float(found[truth].mean()), float(found[~truth].mean())
            taken = recall * share + alarms * (1 - share)
            precision = recall * share / taken if taken else None
            yield Kept(n_tag, target, is_sure, True, precision, recall)


def rows(name: str, found: Sequence[list[Kept]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each target, number of pictures, and way of choosing."""
    kept = [one for some in found for one in some]
    for target in filter(None, TARGETS.values()):
        for n_tag in (*FEW, ALL):
            for is_sure in (False, True):
                some = [
                    one
                    for one in kept
                    if (one.target, one.n_tag, one.is_sure) == (target, n_tag, is_sure)
                ]
                words = ("sure" if is_sure else "likely", str(n_tag or "all"))
                yield name, f"{target:.2f}", words[1], words[0], *_figures(some, target)


def _figures(some: Sequence[Kept], target: float) -> Iterator[str]:
    precisions = np.array([one.precision for one in some if one.precision is not None])
    recalls = [one.recall for one in some]
    yield f"{np.mean([one.is_reached for one in some]):.0%}"
    if len(precisions):
        error = precisions.std() / np.sqrt(len(precisions))
        yield f"{precisions.mean():.3f} ± {error:.3f}"
        yield f"{(precisions < 2 * target - 1).mean():.1%}"
    else:
        yield from ("", "")
    yield f"{np.mean(recalls):.3f}"
