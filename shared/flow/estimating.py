"""What scores tell of tags in the collection, beside the pictures that classifiers learnt from.

A threshold that is 95% precise among labelled pictures is far less where the tag is rare. Nothing
is decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shared.batching import iter_batches
from shared.classifiers.estimators import ScoreCounts
from shared.database.bulk import PAGE
from shared.database.decisions import InForce, TagEstimate
from shared.database.engine import Connection
from shared.database.novelties import iter_too_novel_scores
from shared.database.scores import ScoreTable, score_counts
from shared.flow.prevalence import Counts, first_bin, prevalence
from shared.odds import odds_edges, odds_middles
from shared.records import ANY_NOVELTY, THRESHOLD_TARGETS

TOLD_TARGET = 0.95


@dataclass(frozen=True, eq=False, slots=True)
class Tagged:
    """The pictures of the collection by the bin of their score, and what training tells of them.

    Of those that are ``too_novel`` to be decided scores tell nothing; None where there are none.
    """

    found: Counts
    trained: ScoreCounts | None
    too_novel: Counts | None = None

    @property
    def decidable(self) -> Counts:
        """Those of which scores tell something."""
        return self.found if self.too_novel is None else self.found - self.too_novel


def collected_scores(
    connection: Connection,
    table: ScoreTable,
    thresholds: Sequence[InForce],
    trained: Mapping[int, ScoreCounts | None],
) -> dict[str, Tagged]:
    """Count the scores of the classifiers that decide, by tag; of those that this run has loaded.

    Parameters
    ----------
    trained : mapping of int to ScoreCounts or None
        By the id of a classifier: what its file tells of the scores in training.
    """
    return {
        one.tag: _tagged(connection, table, one, trained[one.classifier_id])
        for one in thresholds
        if one.classifier_id in trained
    }


def _tagged(
    connection: Connection, table: ScoreTable, one: InForce, trained: ScoreCounts | None
) -> Tagged:
    edges = odds_edges()
    found = np.array(score_counts(connection, table, one.tag, one.classifier_id, edges), np.int64)
    if one.max_novelty == ANY_NOVELTY:
        return Tagged(found, trained)
    too_novel = np.zeros_like(found)
    novel = iter_too_novel_scores(connection, table, one.classifier_id, one.max_novelty)
    for some in iter_batches(novel, PAGE):
        bins = np.searchsorted(edges, some, side="right")
        too_novel += np.bincount(bins, minlength=len(found))
    return Tagged(found, trained, too_novel)


def fitted_to(thresholds: Sequence[InForce], tagged: Mapping[str, Tagged]) -> list[InForce]:
    """Choose thresholds anew that are asked for by name, so that they hold in the collection.

    A number stays, and so does the threshold of a classifier that tells too little of training.
    """
    return [_fitted_to(one, tagged[one.tag]) if one.tag in tagged else one for one in thresholds]


def _fitted_to(one: InForce, tagged: Tagged) -> InForce:
    told = tagged.trained and prevalence(tagged.trained, tagged.decidable, None)
    if not told or one.chosen_by not in THRESHOLD_TARGETS:
        return one
    target = THRESHOLD_TARGETS[one.chosen_by]
    threshold = told.best_threshold() if target is None else told.threshold(target)
    return replace(one, threshold=threshold)


def estimates(thresholds: Sequence[InForce], tagged: Mapping[str, Tagged]) -> list[TagEstimate]:
    """Tell of each tag how common it seems, and how precise its threshold, in the collection."""
    return [
        _estimate(one, tagged[one.tag])
        for one in thresholds
        if one.tag in tagged and tagged[one.tag].found.any()
    ]


def _estimate(one: InForce, tagged: Tagged) -> TagEstimate:
    first = first_bin(one.threshold)
    n_pictures = int(tagged.found.sum())
    known = TagEstimate(
        tag=one.tag,
        n_pictures=n_pictures,
        decided_share=float(tagged.decidable[first:].sum() / n_pictures),
        mean_score=_mean_score(tagged.found),
        n_too_novel=n_pictures - int(tagged.decidable.sum()),
    )
    told = tagged.trained and prevalence(tagged.trained, tagged.decidable, one.threshold)
    if not (tagged.trained and told):
        return known
    tag, other = np.array(tagged.trained.tag), np.array(tagged.trained.other)
    n_decided = int((tag + other)[first:].sum())
    return replace(
        known,
        trained_decided_share=n_decided / int((tag + other).sum()),
        trained_mean_score=_mean_score(tag + other),
        trained_share=tagged.trained.share,
        trained_precision=int(tag[first:].sum()) / n_decided if n_decided else None,
        share=told.share.value,
        share_low=told.share.low,
        share_high=told.share.high,
        precision=told.precision.value if told.precision else None,
        precision_low=told.precision.low if told.precision else None,
        precision_high=told.precision.high if told.precision else None,
        threshold_95=told.threshold(TOLD_TARGET),
    )


def _mean_score(counts: Counts) -> float:
    scores = 1 / (1 + np.exp(-odds_middles()))
    return float((counts * scores).sum() / counts.sum())


def is_less_than_promised(told: TagEstimate) -> bool:
    """Tell whether decided pictures have the tag less often than in training, beyond chance."""
    high = 1.0 if told.precision_high is None else told.precision_high
    return (told.trained_precision or 0.0) > high


def precision_words(told: TagEstimate) -> str:
    """Spell the share of decided pictures that have the tag, with its interval."""
    return _estimated(told.precision, told.precision_low, told.precision_high)


def share_words(told: TagEstimate) -> str:
    """Spell the share of all pictures that have the tag, with its interval."""
    return _estimated(told.share, told.share_low, told.share_high)


def percent(share: float | None) -> str:
    """Spell a share with two digits that count: 0.25%, 3.1%, 42%."""
    percent = 100 * (share or 0.0)
    digits = 0 if percent >= 10 or not percent else 1 if percent >= 1 else 2
    return f"{percent:.{digits}f}%"


def _estimated(value: float | None, low: float | None, high: float | None) -> str:
    return f"{percent(value)} ({percent(low)} to {percent(high)})"
