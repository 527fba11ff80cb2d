"""What scores tell of a collection, beside the truth: `python -m tests.bench.collection`.

Digits of scikit-learn and the same shifted by a pixel; half are learnt from, the others are the
collection. Tables for `TRUST.md`.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

from shared.classifiers.estimators import ScoreCounts
from shared.flow.novelty import Novelty
from shared.flow.prevalence import prevalence
from shared.metadata.loading import load_metadata
from shared.odds import N_ODDS_BINS, odds_bins
from shared.records import NOVEL, Floats
from shared.training.fitting import MODEL_TYPES, cross_validated_scores, fitted, tag_scores
from shared.training.thresholds import thresholds
from tests.shared.training.digits import Digits, embedded_digits, shifted_digits, write_digits

N_LEARNT = 898
N_COLLECTED = 1700
SEEDS = range(3)
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5)
Truth = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """Scores of one classifier: cross-validated ones, and those of pictures not learnt from."""

    learnt: Floats
    learnt_has_tag: Truth
    unseen: Floats
    unseen_has_tag: Truth


def split(seed: int) -> tuple[Floats, NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Vectors and digits to learn from, and those of the collection."""
    digits, shifted = embedded_digits(), shifted_digits()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(digits.digits))
    learnt, rest = order[:N_LEARNT], order[N_LEARNT:]
    is_shifted = rng.random(N_LEARNT)[:, None] < 0.5
    vectors = np.where(is_shifted, shifted.vectors[learnt], digits.vectors[learnt])
    unseen = np.concatenate([digits.vectors[rest], shifted.vectors[rest]])
    return vectors, digits.digits[learnt], unseen, np.tile(digits.digits[rest], 2)


def iter_scored(seed: int) -> Iterator[Scored]:
    """Yield both classifiers of each digit."""
    vectors, digits, unseen, unseen_digits = split(seed)
    for digit in range(10):
        labels = (digits != digit).astype(np.int64)
        for kind in MODEL_TYPES:
            machine = fitted(kind, vectors, labels, 0)
            assert machine.decisions is not None
            yield Scored(
                cross_validated_scores(machine.decisions, labels, 0),
                labels == 0,
                tag_scores(machine.estimator, unseen),
                unseen_digits == digit,
            )


def estimated(one: Scored, share: float, rng: np.random.Generator) -> list[float] | None:
    """True share and precision of a made collection, and how far and wide estimates are."""
    told = thresholds(one.learnt, one.learnt_has_tag, 0)["precision_95"]
    if told is None:
        return None
    tag, other = one.unseen[one.unseen_has_tag], one.unseen[~one.unseen_has_tag]
    n_tag = min(max(1, round(N_COLLECTED * share)), len(tag))
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


def print_prevalence() -> None:
    """One line a share: means over digits, classifiers and seeds."""
    scored = [one for seed in SEEDS for one in iter_scored(seed)]
    say("| share | true precision at precision_95 | estimate off by | in its interval | interval")
    for share in SHARES:
        rng = np.random.default_rng(0)
        rows = [row for one in scored if (row := estimated(one, share, rng))]
        true, off, held, width, share_off, share_held = np.mean(rows, axis=0)
        say(
            f"| {share:.1%} | {true:.2f} | {off:+.3f} | {held:.0%} | {width:.2f} wide; "
            f"share off by {share_off:+.4f}, in its interval {share_held:.0%} | n {len(rows)}"
        )


def print_novelty() -> None:
    """One line a measure: a digit is left out, and is to be told from the others."""
    measures: dict[str, Callable[[Digits, NDArray[np.int64], Floats], tuple[Floats, Floats]]] = {
        "nearest, cosine": by_novelty,
        "Mahalanobis": by_covariance,
    }
    digits = embedded_digits()
    for name, measure in measures.items():
        rows = []
        for seed in SEEDS:
            order = np.random.default_rng(seed).permutation(len(digits.digits))
            for left_out in range(10):
                learnt = order[:N_LEARNT][digits.digits[order[:N_LEARNT]] != left_out]
                unseen = order[N_LEARNT:]
                is_new = digits.digits[unseen] == left_out
                usual, found = measure(digits, learnt, digits.vectors[unseen])
                flagged = found > np.quantile(usual, NOVEL)
                rows.append(
                    [
                        float(roc_auc_score(is_new, found)),
                        flagged[is_new].mean(),
                        flagged[~is_new].mean(),
                        *alarms(digits, learnt, unseen, flagged, left_out, seed),
                    ]
                )
        auc, new, known, before, after, kept = np.nanmean(rows, axis=0)
        say(
            f"| {name} | {auc:.3f} | {new:.0%} | {known:.1%} | {before:.1f} -> {after:.1f} | "
            f"{kept:.1%}"
        )


def by_novelty(digits: Digits, learnt: NDArray[np.int64], unseen: Floats) -> tuple[Floats, Floats]:
    """What stages 3 and 4 do; of the usual ones it tells shares already."""
    with tempfile.TemporaryDirectory() as name:
        some = Digits(digits.vectors[learnt], digits.digits[learnt])
        judge = Novelty(load_metadata(write_digits(Path(name), some), Path(name)))
        return np.linspace(0, 1, 101), judge.of(unseen.astype(np.float32))


def by_covariance(
    digits: Digits, learnt: NDArray[np.int64], unseen: Floats
) -> tuple[Floats, Floats]:
    """Mahalanobis distances with Ledoit and Wolf's shrinkage; the usual ones by halves."""
    half = len(learnt) // 2
    first = LedoitWolf().fit(digits.vectors[learnt[:half]])
    whole = LedoitWolf().fit(digits.vectors[learnt])
    return first.mahalanobis(digits.vectors[learnt[half:]]), whole.mahalanobis(unseen)


def alarms(  # noqa: PLR0917 - one experiment
    digits: Digits,
    learnt: NDArray[np.int64],
    unseen: NDArray[np.int64],
    flagged: Truth,
    left_out: int,
    seed: int,
) -> tuple[float, float, float]:
    """Pictures of the digit left out that are decided at precision_95, with and without it.

    The last figure is the share of rightly decided ones that stay.
    """
    if seed:
        return (np.nan,) * 3
    before = after = right = kept = 0
    is_new = digits.digits[unseen] == left_out
    for digit in set(range(10)) - {left_out}:
        labels = (digits.digits[learnt] != digit).astype(np.int64)
        machine = fitted("ovr-svm", digits.vectors[learnt], labels, 0)
        assert machine.decisions is not None
        told = thresholds(cross_validated_scores(machine.decisions, labels, 0), labels == 0, 0)
        if not (threshold := told["precision_95"]):
            continue
        decided = tag_scores(machine.estimator, digits.vectors[unseen]) >= threshold.threshold
        has_tag = digits.digits[unseen] == digit
        before += int((decided & is_new).sum())
        after += int((decided & is_new & ~flagged).sum())
        right += int((decided & has_tag).sum())
        kept += int((decided & has_tag & ~flagged).sum())
    return before, after, kept / right


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    print_prevalence()
    print_novelty()
