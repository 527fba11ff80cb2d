"""A classifier's thresholds as a table: the same in the text report and on the page."""

from collections.abc import Iterator
from typing import Any

Record = dict[str, Any]

_HEAD = ("", "take scores of at least", "precision", "recall", "reached")
_NAMES = {
    "precision_95": "95% precision",
    "precision_90": "90% precision",
    "precision_80": "80% precision",
    "recommended": "best F1: recommended",
}


def iter_threshold_rows(thresholds: Record) -> Iterator[tuple[str, ...]]:
    """Yield the head, then each threshold with what chance leaves open about it."""
    yield _HEAD
    for name, words in _NAMES.items():
        found = thresholds[name]
        yield (words, *_cells(found)) if found else (words, "not reachable")


def _cells(found: Record) -> Iterator[str]:
    for name, digits in (("threshold", 4), ("precision", 3), ("recall", 3)):
        low, high = found[f"{name}_interval"]
        yield f"{found[name]:.{digits}f} ({low:.3f} to {high:.3f})"
    yield f"{found['reached']:.0%}"
