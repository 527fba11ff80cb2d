"""The lines of numbers that every summary has."""

from collections.abc import Iterator, Sequence

from shared.database.decisions import TagEstimate
from shared.database.results import Totals
from shared.errors import Fate
from shared.flow.estimating import (
    is_less_than_promised,
    percent,
    precision_words,
    share_words,
)

MOVED = 0.05
"""A mean score that differs by so much tells of another kind of pictures."""
USUAL_NOVEL_SHARE = 0.05
"""One in a hundred is by definition; a few more are no news."""
N_NAMED = 20
"""So many tags are named on one line."""


def totals_line(containers: str, totals: Totals) -> str:
    """Count containers and members by fate: ``archives 3 · members 5 = scored 4 + corrupt 1``.

    Nested archives that were opened count as containers; a container that could not be opened has
    no members and is named with its fate.
    """
    members = dict(totals.fates)
    n_containers = totals.n_containers + members.pop(Fate.ARCHIVE, 0)
    unopened = f" ({_sum(totals.unopened)})" if totals.unopened else ""
    shares = f" = {_sum(members)}" if members else ""
    return f"{containers} {n_containers}{unopened} · members {sum(members.values())}{shares}"


def time_line(seconds: float, n_read: int) -> str:
    """Say how long a run took and what it read: ``seconds 2.0 · images read 9 · images/s 4.5``."""
    rate = f" · images/s {n_read / seconds:.1f}" if n_read else ""
    return f"seconds {seconds:.1f} · images read {n_read}{rate}"


def decided_line(decided: Sequence[tuple[str, int]]) -> str:
    """Count the pictures of each tag: ``smiley 53 · animal 12 decided``."""
    named = [f"{tag} {count}" for tag, count in decided[:N_NAMED]]
    n_left = len(decided) - N_NAMED
    more = [f"{n_left} tags more"] if n_left > 0 else []
    return f"{' · '.join(named + more)} decided"


def iter_estimates(estimates: Sequence[TagEstimate]) -> Iterator[str]:
    """Say of which tags fewer of the decided pictures have them than training promised."""
    for told in estimates:
        if is_less_than_promised(told):
            line = (
                f"{told.tag}: about {precision_words(told)} of what is decided here has the tag, "
                f"{percent(told.trained_precision)} among the images it was learnt from; it seems "
                f"to have {share_words(told)} of {told.n_pictures - told.n_too_novel:,} images, "
                "and had "
                f"{percent(told.trained_share)} there"
            )
            more = told.threshold_95
            yield line if more is None else f"{line}; 95% would take scores from {more:.3f} on"


def novelty_line(n_judged: int, n_novel: int, share_before: float | None = None) -> str:
    """Say how many new pictures are unlike all labelled ones; empty where that is usual."""
    if not n_judged or n_novel / n_judged <= USUAL_NOVEL_SHARE:
        return ""
    before = "" if share_before is None else f", in the run before {percent(share_before)}"
    return (
        f"{n_novel:,} of {n_judged:,} new images ({percent(n_novel / n_judged)}) are unlike all "
        f"labelled ones{before}: scores say little of them"
    )


def too_novel_line(counts: Sequence[tuple[str, int]], max_novelty: float) -> str:
    """Say what is not decided for its novelty alone; empty where nothing is."""
    if not counts:
        return ""
    named = few([f"{tag} {count:,}" for tag, count in counts])
    return f"not decided, as their novelty is over {max_novelty:g}: {named}"


def lifted_line(limit: float | None) -> str:
    """Say that novel images are decided again, which an earlier run left out."""
    if limit is None:
        return ""
    option = f"--max_novelty={limit:g}"
    return f"images of a novelty over {limit:g} are decided again: {option} leaves them out"


def moved_line(estimates: Sequence[TagEstimate]) -> str:
    """Name the tags whose mean score is another one than when a run last decided; may be empty."""
    moved = [
        f"{one.tag} {one.mean_score_before:.2f} -> {one.mean_score:.2f}"
        for one in estimates
        if one.mean_score_before is not None
        and abs(one.mean_score - one.mean_score_before) >= MOVED
    ]
    return f"mean scores have moved since the run before: {few(moved)}" if moved else ""


def few(names: Sequence[str]) -> str:
    """Name the first of them, and how many more there are."""
    n_left = len(names) - N_NAMED
    more = f" and {n_left} more" if n_left > 0 else ""
    return ", ".join(names[:N_NAMED]) + more


def _sum(counts: dict[Fate, int]) -> str:
    return " + ".join(f"{fate.words} {counts[fate]}" for fate in Fate if fate in counts)
