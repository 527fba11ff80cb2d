"""How good a tag's decisions are in the collection, by people's answers on a small random sample.

Nothing is assumed of scores but that the sample is drawn by them: strata of the scores, from each
of which pictures are drawn at random. A picture's turn follows from its hash and the tag, so that
the same pictures are asked for until they are answered, however often one asks.
"""

import hashlib
import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from shared.database.decisions import InForce, thresholds_in_force
from shared.database.engine import Database, DatabasePlace, open_given, spelled_place
from shared.database.labels import LABELS_FILE, Label, load_labels, load_words
from shared.database.scores import iter_distinct, train_date
from shared.errors import RunError
from shared.flow.prevalence import INTERVAL_PERCENT, Estimate
from shared.progress import Progress
from shared.records import Floats
from shared.training.corrections import load_corrections
from shared.training.suggesting import SCORED, Suggestion, SuggestionRequest
from shared.training.tags import load_tags

LOG_ODDS_FROM_THRESHOLD = (-4.5, -2.5, -1.0, 0.0, 1.5)
"""Where strata end; the threshold itself is one of the ends."""
FIRST_DECIDED = LOG_ODDS_FROM_THRESHOLD.index(0.0) + 1
N_STRATA = len(LOG_ODDS_FROM_THRESHOLD) + 1
MIN_OF_STRATUM = 8
MAX_OF_STRATUM = 2000
LIKELY_PRECISION = (0.5, 0.95)
"""Between these is what a sample of decided pictures is reckoned for, whatever their scores say."""
DEVIATIONS = 1.96
N_DRAWS = 4000
_SEED = 0
_TINY = 1e-6
_NEVER = ""


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What the user asked for: how near to the truth, half an interval, the precision shall be.

    ``corrections`` is a folder of suggested pictures that a person has sorted, and that training
    has not read yet; ``started`` is in the user's own time.
    """

    of: SuggestionRequest
    within: float
    started: datetime
    corrections: Path | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """The pictures of a sample, those that nobody has answered yet, and what the answers tell.

    ``n_decided`` and ``n_pictures`` count different pictures that the classifier has not learnt
    from. What too few answers tell is None.
    """

    tag: str
    n_pictures: int
    n_decided: int
    n_sampled: int
    asked: list[Suggestion]
    precision: Estimate | None
    recall: Estimate | None


@dataclass(slots=True)
class _Stratum:
    """Pictures between two scores: how many, the sum of their scores, and those whose turn is near.

    ``drawn`` is a heap of the negative turn, the picture's hash, and what would be suggested.
    """

    count: int = 0
    total: float = 0.0
    drawn: list[tuple[int, str, Suggestion]] = field(default_factory=list)

    @property
    def likely(self) -> float:
        """Share with the tag, as scores have it."""
        return self.total / self.count if self.count else 0.0

    def add(self, turn: int, one: Suggestion) -> None:
        """Count a picture, and keep it while its turn is among the first."""
        self.count += 1
        self.total += one.score
        entry = (-turn, one.hash_id, one)
        if len(self.drawn) < MAX_OF_STRATUM:
            heapq.heappush(self.drawn, entry)
        else:
            heapq.heappushpop(self.drawn, entry)

    def first(self, count: int) -> list[Suggestion]:
        """Return the pictures whose turn comes first."""
        return [one for _, _, one in sorted(self.drawn, reverse=True)[:count]]


def audit(request: AuditRequest, progress: Progress) -> Audit:
    """Draw a sample for a tag, and estimate from what people have answered of it.

    Raises
    ------
    RunError
        Where no database of stage 3 or 4 has decided the tag, or it holds nothing new to ask.
    """
    asked = request.of
    strata = [_Stratum() for _ in range(N_STRATA)]
    answers: dict[str, bool] = {}
    found: set[str] = set()
    seen: set[int] = set()
    places = _databases(asked)
    for place in places:
        with open_given(place) as database:
            decision = _decision(database, asked.tag)
            if decision is None or decision.threshold is None:
                continue
            found.add(database.where)
            date = database.run(train_date, decision.classifier_id) or _NEVER
            answers |= _answers(request, date, progress)
            learnt = _learnt(asked, date)
            new = (one for one in _iter_scored(database, decision) if one.hash_id not in learnt)
            _spread(strata, _iter_unseen(new, seen, is_last=place == places[-1]), decision)
    if not found:
        where = spelled_place(asked.database or asked.output)
        reason = f"holds no decisions about the tag {asked.tag!r}"
        raise RunError(where, reason, "Run stage 3 or 4 first, with a threshold that is reached.")
    return _audited(asked.tag, strata, answers, request.within)


def _databases(request: SuggestionRequest) -> list[DatabasePlace]:
    if request.database:
        return [request.database]
    there = (path for name in SCORED if (path := request.output / name).is_file())
    return [*sorted(there, key=lambda path: path.stat().st_size)]  # the smaller one is remembered


def _decision(database: Database, tag: str) -> InForce | None:
    in_force = database.run(thresholds_in_force)
    return next((one for one in in_force if one.tag == tag), None)


def _answers(request: AuditRequest, since: str, progress: Progress) -> dict[str, bool]:
    """Find what people have said since the classifier was trained, and in a folder not read yet."""
    tag, labels = request.of.tag, request.of.output / LABELS_FILE
    found = {
        one.hash_id: one.has_tag
        for one in load_labels(labels)
        if one.tag == tag and one.has_tag is not None and one.date > since
    }
    if request.corrections:
        new = load_corrections(
            request.corrections, [tag], load_words(labels), request.started, progress
        ).labels
        found |= {one.hash_id: one.has_tag for one in new if one.has_tag is not None}
    return found


def _learnt(request: SuggestionRequest, date: str) -> frozenset[str]:
    """Find the pictures that the classifier may have learnt from: of them it says too much."""
    tagged = (one for hashes in load_tags(request.tag_to_hash_json).values() for one in hashes)
    said: Iterable[Label] = load_labels(request.output / LABELS_FILE)
    return frozenset(tagged) | {one.hash_id for one in said if one.date <= date}


def _iter_scored(database: Database, decision: InForce) -> Iterator[Suggestion]:
    with database.transaction() as connection:
        for row in iter_distinct(connection, decision.tag, decision.classifier_id):
            yield Suggestion(*row)


def _iter_unseen(
    pictures: Iterable[Suggestion], seen: set[int], *, is_last: bool
) -> Iterator[Suggestion]:
    """Pass over pictures that an earlier database has too, and remember those of this one."""
    for one in pictures:
        if (key := hash(one.hash_id)) not in seen:
            if not is_last:
                seen.add(key)
            yield one


def _spread(strata: Sequence[_Stratum], pictures: Iterable[Suggestion], decision: InForce) -> None:
    assert decision.threshold is not None
    middle = _log_odds(decision.threshold)
    ends = [1 / (1 + math.exp(-middle - step)) for step in LOG_ODDS_FROM_THRESHOLD]
    ends[FIRST_DECIDED - 1] = decision.threshold
    for one in pictures:
        place = sum(one.score >= end for end in ends)
        if (one.novelty or 0.0) > decision.max_novelty:
            place = min(place, FIRST_DECIDED - 1)
        strata[place].add(_turn(decision.tag, one.hash_id), one)


def _turn(tag: str, hash_id: str) -> int:
    digest = hashlib.blake2b(f"{tag}\n{hash_id}".encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest)


def _audited(
    tag: str, strata: Sequence[_Stratum], answers: Mapping[str, bool], within: float
) -> Audit:
    sizes = _sizes(strata, within)
    drawn = [one.first(size) for one, size in zip(strata, sizes, strict=True)]
    said = [[answers[one.hash_id] for one in some if one.hash_id in answers] for some in drawn]
    precision, recall = _estimates(strata, said)
    return Audit(
        tag,
        sum(one.count for one in strata),
        sum(one.count for one in strata[FIRST_DECIDED:]),
        sum(map(len, drawn)),
        [one for some in reversed(drawn) for one in some if one.hash_id not in answers],
        precision,
        recall,
    )


def _sizes(strata: Sequence[_Stratum], within: float) -> list[int]:
    """Tell how many to ask of each stratum.

    Of the decided pictures so many as give their share the wanted interval; of the others as many
    again, more where scores leave it open whether they have the tag (J. Neyman, "On the two
    different aspects of the representative method", 1934).
    """
    decided, others = strata[FIRST_DECIDED:], strata[:FIRST_DECIDED]
    n_decided = sum(one.count for one in decided)
    likely = sum(one.total for one in decided) / max(1, n_decided)
    likely = min(max(likely, LIKELY_PRECISION[0]), LIKELY_PRECISION[1])
    wanted = DEVIATIONS**2 * likely * (1 - likely) / within**2
    wanted = wanted / (1 + wanted / max(1, n_decided))  # a sample of few needs fewer
    spread = [one.count * math.sqrt(one.likely * (1 - one.likely)) for one in others]
    return [
        *(
            _size(one, wanted * weight / (sum(spread) or 1))
            for one, weight in zip(others, spread, strict=True)
        ),
        *(_size(one, wanted * one.count / max(1, n_decided)) for one in decided),
    ]


def _size(stratum: _Stratum, wanted: float) -> int:
    return min(stratum.count, MAX_OF_STRATUM, max(MIN_OF_STRATUM, math.ceil(wanted)))


def _estimates(
    strata: Sequence[_Stratum], said: Sequence[Sequence[bool]]
) -> tuple[Estimate | None, Estimate | None]:
    """Estimate precision and recall; each needs an answer of each stratum that it is about.

    Intervals hold the middle 95% of draws from what answers leave open about each stratum's share,
    where its scores weigh as much as one answer; what was answered itself is certain.
    """
    filled = [one.count > 0 for one in strata]
    answered = [bool(some) for some in said]
    rng = np.random.default_rng(_SEED)
    values, draws = np.zeros(N_STRATA), np.zeros((N_STRATA, N_DRAWS))
    for at, (one, some) in enumerate(zip(strata, said, strict=True)):
        if some:
            n_yes, n_open = sum(some), one.count - len(some)
            values[at] = one.count * n_yes / len(some)
            likely = min(max(one.likely, _TINY), 1 - _TINY)
            share = rng.beta(n_yes + likely, len(some) - n_yes + 1 - likely, N_DRAWS)
            draws[at] = n_yes + n_open * share
    decided = slice(FIRST_DECIDED, None)
    n_decided = sum(one.count for one in strata[decided])
    known = [there or not needed for there, needed in zip(answered, filled, strict=True)]
    precision = recall = None
    if n_decided and all(known[decided]):
        precision = _estimate(values[decided].sum() / n_decided, draws[decided].sum(0) / n_decided)
    if n_decided and all(known) and values.sum():
        recall = _estimate(
            values[decided].sum() / values.sum(), draws[decided].sum(0) / draws.sum(0)
        )
    return precision, recall


def _estimate(value: float, draws: Floats) -> Estimate:
    low, high = np.percentile(draws, INTERVAL_PERCENT)
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)))


def _log_odds(score: float) -> float:
    clipped = min(max(score, _TINY), 1 - _TINY)
    return math.log(clipped / (1 - clipped))
