"""Scores -> decided tags: the better classifier of each tag, at a threshold; people win.

Nothing is scored here. A run says what changes, by tag, before that takes effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from shared.classifiers.estimators import Classifier, ScoreCounts
from shared.database.decisions import (
    InForce,
    Said,
    TagChange,
    answers_in_force,
    decide,
    decisions_digest,
    estimates_told,
    has_old_estimates,
    has_undecided,
    note_estimates,
    put_in_force,
    thresholds_in_force,
    with_others,
)
from shared.database.engine import Connection, Database
from shared.database.labels import Label
from shared.database.novelties import has_decided_too_novel
from shared.database.scores import ScoreTable
from shared.flow.estimating import collected_scores, estimates, fitted_to
from shared.flow.scoring import Team
from shared.flow.threshold_files import Wish
from shared.progress import Progress
from shared.records import ANY_NOVELTY, THRESHOLD_NAMES

RECOMMENDED = THRESHOLD_NAMES[0]
UNTOLD_THRESHOLD = 0.5
"""Decides where a classifier's file tells no threshold."""
BY_NUMBER, BY_DEFAULT = "number", "default"


def chosen(
    team: Team, wish: Wish, wishes: Mapping[str, Wish], max_novelty: float = ANY_NOVELTY
) -> list[InForce]:
    """Choose the classifier of each tag, by average precision, and its threshold.

    Parameters
    ----------
    team : Team
        The classifiers.
    wish : str or float
        The threshold that is asked for.
    wishes : mapping of str to str or float
        Those of single tags, which count more.
    max_novelty : float
        Up to which novelty pictures are decided.

    Returns
    -------
    list of InForce
        One a tag, sorted by tag.
    """
    ranked = sorted(team.classifiers.items(), key=lambda item: (item[1].tag, *_rank(item[1])))
    best = {tag: next(some) for tag, some in groupby(ranked, key=lambda item: item[1].tag)}
    return [
        InForce(
            tag,
            i,
            team.versions[i],
            *_threshold(classifier, wishes.get(tag, wish)),
            max_novelty=max_novelty,
        )
        for tag, (i, classifier) in best.items()
    ]


def _rank(classifier: Classifier) -> tuple[float, str]:
    """Order classifiers of one tag: the better ones first, those that tell nothing last."""
    precision = classifier.average_precision
    return (1.0 if precision is None else -precision, classifier.name)


def _threshold(classifier: Classifier, wish: Wish) -> tuple[float | None, str]:
    if not isinstance(wish, str):
        return wish, BY_NUMBER
    if not classifier.thresholds:
        return UNTOLD_THRESHOLD, BY_DEFAULT
    return classifier.thresholds.get(wish), wish


def answers_of(labels: list[Label]) -> Said:
    """Return the latest word on each picture and tag."""
    return {(one.hash_id, one.tag): one.has_tag for one in labels if one.has_tag is not None}


@dataclass(frozen=True, slots=True)
class WantedThresholds:
    """The thresholds that are asked for.

    ``trained`` tells by classifier how scores are spread in training, where its file does. With
    ``by_collection`` what is asked for by name has to hold in the collection, as far as can be
    told.
    """

    thresholds: Sequence[InForce]
    trained: Mapping[int, ScoreCounts | None] = field(default_factory=dict)
    by_collection: bool = False


def fitted(connection: Connection, table: ScoreTable, wanted: WantedThresholds) -> list[InForce]:
    """Choose thresholds that hold in the collection, once all of it is scored."""
    tagged = collected_scores(connection, table, wanted.thresholds, wanted.trained)
    return fitted_to(wanted.thresholds, tagged)


class Decider:
    """Puts a run's thresholds and people's answers in force, once all is scored."""

    def __init__(
        self,
        database: Database,
        table: ScoreTable,
        wanted: WantedThresholds,
        answers: Said,
        progress: Progress,
    ) -> None:
        self.thresholds = wanted.thresholds
        self._wanted = wanted
        self._database = database
        self._table = table
        self._answers = answers
        self._progress = progress
        self._told: list[TagChange] = []

    @property
    def max_novelty(self) -> float:
        """Up to which novelty this run decides."""
        return min((one.max_novelty for one in self.thresholds), default=ANY_NOVELTY)

    def lifted(self) -> float | None:
        """Return the limit of novelty that is in force, where this run has none."""
        ours = {one.tag for one in self.thresholds}
        before = self._database.run(thresholds_in_force)
        least = min((one.max_novelty for one in before if one.tag in ours), default=ANY_NOVELTY)
        return least if least < ANY_NOVELTY <= self.max_novelty else None

    def decide(self, *, anew: bool = False) -> bytes:
        """Decide where something is not as it was, or ``anew``; return the digest of what holds.

        Where rows are new, another directory's run may have put the same in force before they were.
        """
        if self._wanted.by_collection:
            self.thresholds = self._database.run(fitted, self._table, self._wanted)
        thresholds = self._database.run(with_others, self.thresholds)
        if anew or not self._database.run(self._is_in_force, thresholds):
            self._database.run(self._decide, thresholds)
        elif self._database.run(has_old_estimates, self._estimated):
            self._database.run(self._estimate)
        return decisions_digest(thresholds, self._answers)

    def _is_in_force(self, connection: Connection, thresholds: list[InForce]) -> bool:
        return (
            thresholds == thresholds_in_force(connection)
            and self._answers == answers_in_force(connection)
            and not has_undecided(connection)
            and not self._has_decided_too_novel(connection, thresholds)
        )

    def _has_decided_too_novel(self, connection: Connection, thresholds: list[InForce]) -> bool:
        """Ask: another directory's run may have decided before this one compared its pictures."""
        least = min((one.max_novelty for one in thresholds), default=ANY_NOVELTY)
        return least < ANY_NOVELTY and has_decided_too_novel(connection, least)

    def _decide(self, connection: Connection, thresholds: list[InForce]) -> None:
        before = self._mean_scores(connection)
        put_in_force(connection, thresholds, self._answers)
        changes = decide(connection, self._table)
        self._note_estimates(connection, before)
        for one in changes if changes != self._told else ():
            # It takes effect with the end of this transaction.
            self._progress.say(f"{one.tag}: {one.n_gained:,} gained, {one.n_lost:,} lost")
        self._told = changes

    @property
    def _estimated(self) -> dict[int, str]:
        """The tags that are estimated, by the classifier that decides."""
        return {
            one.classifier_id: one.tag
            for one in self.thresholds
            if one.classifier_id in self._wanted.trained
        }

    def _estimate(self, connection: Connection) -> None:
        """Nothing is decided otherwise, but a container is gone with its rows."""
        self._note_estimates(connection, self._mean_scores(connection))

    def _note_estimates(self, connection: Connection, before: Mapping[str, float]) -> None:
        tagged = collected_scores(connection, self._table, self.thresholds, self._wanted.trained)
        told = estimates(self.thresholds, tagged)
        note_estimates(
            connection,
            list(self._estimated.values()),
            [replace(one, mean_score_before=before.get(one.tag)) for one in told],
        )

    def _mean_scores(self, connection: Connection) -> dict[str, float]:
        """Return what tags' scores were on average, where the same classifier has made them."""
        versions = {one.tag: one.version for one in thresholds_in_force(connection)}
        told = {one.tag: one.mean_score for one in estimates_told(connection)}
        ours = (one for one in self.thresholds if versions.get(one.tag) == one.version)
        return {one.tag: told[one.tag] for one in ours if one.tag in told}
