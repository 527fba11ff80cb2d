"""What stands of each tag, and what it needs next."""

import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from shared.database.ranked import TagRanking, count_decided, count_ranked, deciding_classifiers
from shared.database.reviewing import Within
from shared.names import printable
from shared.records import MEBIBYTE
from shared.regular_files import read_small
from shared.review.answers import AnswerCounts, Answers
from shared.review.gallery import Gallery
from shared.review.pictures import Record, classifier_kind
from shared.training.selection import MIN_TO_LEARN

UNSURE = Within(0.2, 0.8)
"""A picture with such a score teaches more than one that is clear."""
MOST_WORTH = 200
"""After so many answers it is better to learn, and to see what is worth one then."""
SHARE_COUNTED = 20
"""Times as long as counting took is waited until it is done again."""
ENOUGH = 20
"""So many of each answer are asked for before a tag is learnt for the first time."""
LEAST = MIN_TO_LEARN + 1
"""So many of each are needed: one is held out."""
NORMAL_95 = 1.96
LEARNT_ELSEWHERE = "It was learnt from pictures that are not listed here."
_MAX_REPORT_BYTES = 64 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class TagStanding:
    """What stands of one tag, over all databases."""

    model_name: str | None
    threshold: float | None
    decided: int
    worth: int


class Standings:
    """What stands of all tags, counted anew when a database has changed. For several threads.

    A run that writes all the time has it counted for a small share of the time only.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._lock = threading.Lock()
        self._stamp: object = None
        self._tags: dict[str, TagStanding] = {}
        self._counts = (0, 0)
        self._not_before = 0.0

    @property
    def tags(self) -> dict[str, TagStanding]:
        """What stands of each tag that has a classifier."""
        self._refresh()
        return self._tags

    @property
    def counts(self) -> tuple[int, int]:
        """How many pictures there are, each in its place, and archives."""
        self._refresh()
        return self._counts

    def forget(self) -> None:
        """Count anew when somebody asks, however lately that was done."""
        self._not_before = 0.0

    def _refresh(self) -> None:
        with self._lock:
            stamp, start = self._gallery.stamp(), time.monotonic()
            if stamp != self._stamp and start >= self._not_before:
                self._tags, self._counts = standings(self._gallery), self._gallery.counts()
                self._stamp, end = stamp, time.monotonic()
                self._not_before = end + SHARE_COUNTED * (end - start)


def standings(gallery: Gallery) -> dict[str, TagStanding]:
    """Find out what stands of each tag that has a classifier: that counts rows."""
    found: dict[str, TagStanding] = {}
    for database, table in gallery.scored:
        decided = database.run(count_decided)
        for tag, one in database.run(deciding_classifiers).items():
            unsure = database.run(count_ranked, TagRanking(table, tag, one, UNSURE))
            before = found.get(tag, TagStanding(one.model_name, one.threshold, 0, 0))
            found[tag] = TagStanding(
                before.model_name,
                before.threshold,
                before.decided + decided.get(tag, 0),
                before.worth + unsure,
            )
    return found


def tag_record(
    number: int, tag: str, standing: TagStanding | None, answers: Answers, reports: Path
) -> Record:
    """Tell of one tag."""
    counts = answers.counts(tag)
    report = load_report(reports, standing.model_name) if standing and standing.model_name else None
    n_since = answers.count_since(tag, str((report or {}).get("train_start_time", "")))
    worth = _worth(standing, counts, n_since, report)
    is_elsewhere = _is_learnt_elsewhere(answers, counts.yes, standing, report)
    lacks = None if is_elsewhere else _lacking(answers, tag)
    return {
        "id": number,
        "name": printable(tag),
        "classifier": classifier_kind(standing.model_name or "") if standing else None,
        "decided": standing.decided if standing else 0,
        "yes": counts.yes,
        "no": counts.no,
        "skipped": counts.skipped,
        "threshold": standing.threshold if standing else None,
        "average_precision": average_precision(report),
        "worth": worth,
        "lacks": lacks,
        "needs": LEARNT_ELSEWHERE if is_elsewhere else _needs(standing, counts.yes, lacks, worth),
    }


def _is_learnt_elsewhere(
    answers: Answers, n_yes: int, standing: TagStanding | None, report: Record | None
) -> bool:
    """Tell whether what decides a tag was learnt from pictures that are not known here.

    So it is where stage 1's lists are not at hand; some answers may have been taken back since.
    """
    if answers.all_listed or standing is None or standing.model_name is None:
        return False
    n_learnt = (report or {}).get("n_positive")
    return not isinstance(n_learnt, int) or n_learnt > 2 * n_yes


def _lacking(answers: Answers, tag: str) -> str | None:
    """Tell which answers a tag needs before it can be learnt: ``3 more yes and 2 more no``."""
    counts = zip(answers.to_learn_from(tag, LEAST), ("yes", "no"), strict=True)
    short = [f"{LEAST - count} more {word}" for count, word in counts if count < LEAST]
    return " and ".join(short) or None


def load_report(reports: Path, model_name: str) -> Record | None:
    """Load the report of a classifier; None where there is none that can be read."""
    try:
        found = orjson.loads(read_small(reports / f"{model_name}.json", _MAX_REPORT_BYTES))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def average_precision(report: Record | None) -> Record | None:
    """Take the cross-validated average precision out of a report, with its 95% interval.

    The interval is the logit one of Boyd, Eng and Page, "Area under the precision-recall curve:
    point estimates and confidence intervals", 2013: it needs no more than the number of pictures
    with the tag. ``with_it`` and ``without_it`` are the pictures that it was measured on.
    """
    judged: Any = (report or {}).get("cross_validated")
    if not isinstance(judged, dict):
        return None
    value, n_tag = judged.get("average_precision"), judged.get("n_tag")
    if not isinstance(value, float) or not isinstance(n_tag, int) or n_tag < 1:
        return None
    within = min(max(value, 0.5 / n_tag), 1 - 0.5 / n_tag)
    middle = math.log(within / (1 - within))
    half = NORMAL_95 / math.sqrt(n_tag * within * (1 - within))
    low, high = (1 / (1 + math.exp(-(middle + sign * half))) for sign in (-1, 1))
    n_other = judged.get("n_other")
    return {
        "value": value,
        "low": min(low, value),
        "high": max(high, value),
        "with_it": n_tag,
        "without_it": n_other if isinstance(n_other, int) else None,
    }


def _worth(
    standing: TagStanding | None, counts: AnswerCounts, n_since: int, report: Record | None
) -> int:
    if standing is None:
        return max(0, ENOUGH - counts.yes) + max(0, ENOUGH - counts.no)
    helps = (report or {}).get("more_images_would_help")
    return max(0, min(standing.worth, MOST_WORTH) - n_since) if helps is not False else 0


def _needs(standing: TagStanding | None, n_yes: int, lacks: str | None, worth: int) -> str:
    if standing is None:
        return _first_needs(n_yes, lacks, worth)
    if n_yes < ENOUGH:
        known = "1 picture with it is" if n_yes == 1 else f"{n_yes} pictures with it are"
        return f"Only {known} known: more of them help most."
    if worth:
        return f"{worth} pictures that the classifier is unsure of are worth an answer."
    return "More answers would hardly help."


def _first_needs(n_yes: int, lacks: str | None, worth: int) -> str:
    if n_yes == 0:
        return "Find a first picture by search, and say yes."
    if lacks:
        return f"{lacks}, then it can be learnt."
    if worth:
        return f"It can be learnt; {worth} more answers, yes and no, make it good."
    return "It is ready to be learnt."
