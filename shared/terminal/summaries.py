"""The lines of numbers that every summary has."""

from collections.abc import Sequence

from shared.database.results import Totals
from shared.errors import Fate

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


def few(names: Sequence[str]) -> str:
    """Name the first of them, and how many more there are."""
    n_left = len(names) - N_NAMED
    more = f" and {n_left} more" if n_left > 0 else ""
    return ", ".join(names[:N_NAMED]) + more


def _sum(counts: dict[Fate, int]) -> str:
    return " + ".join(f"{fate.words} {counts[fate]}" for fate in Fate if fate in counts)
