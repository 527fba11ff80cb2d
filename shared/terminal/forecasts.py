"""What a dry run says: in the order in which a run would do it, and in a run's own words."""

from collections.abc import Iterator

from shared.flow.dry_run import Forecast
from shared.flow.rates import Duration
from shared.results.room import counted, megabytes

_ORDER = ("new", "changed", "unfinished", "read again", "unchanged", "away")
_SECONDS = 90
_MINUTES = 90


def forecast_lines(kind: str, found: Forecast, row_bytes: int) -> Iterator[str]:
    """Say what would be done; ``kind`` is what containers are, in the plural."""
    counts, stands = found.counts, found.counts.stands
    n_containers = sum(stands.values())
    shares = " + ".join(f"{name} {stands[name]:,}" for name in _ORDER if name in stands)
    yield "dry run: nothing is written"
    yield f"{kind} {n_containers:,}" + (f" = {shares}" if shares else "")
    if counts.n_unreadable:
        yield f"{counts.n_unreadable:,} {kind} cannot be opened"
    if found.gone.n_containers:
        yield found.gone.words(kind)
    if found.n_refused:
        yield f"classifiers refused {found.n_refused}"
    yield from _work_lines(found, row_bytes)
    yield from _results_lines(found)
    yield time_words(found.duration)


def _work_lines(found: Forecast, row_bytes: int) -> Iterator[str]:
    counts = found.counts
    if counts.to_read:
        embed = f" · to embed at most {counts.to_embed:,}" if counts.to_embed else ""
        decode = f" · to decode at most {counts.to_decode:,}" if counts.to_decode else ""
        yield f"to read {counts.to_read:,} images{decode}{embed}"
    if counts.n_rows:
        size = megabytes(counts.n_rows * row_bytes)
        most = "at most " if counts.to_read else ""
        yield (
            f"to score {most}{counts.to_score:,} images"
            f" · rows {counts.n_rows:,}, about {size} in {found.database}"
        )
    if not counts.to_read and not counts.n_rows:
        yield "nothing to read or to score"


def _results_lines(found: Forecast) -> Iterator[str]:
    if found.standing:
        yield f"results stay in {found.standing}"
    elif found.room:
        left = megabytes(found.free_bytes)
        yield f"results in a new folder: {found.room.words()} · the disk has {left} left"


def time_words(found: Duration) -> str:
    """Say how long it takes: ``time about 4 minutes, by the rates of 3 earlier runs``."""
    if not found.n_runs:
        return "time unknown: no earlier run to take rates from"
    if found.seconds is None:
        return f"time unknown: no earlier run to take rates from has {found.lacking}"
    return f"time about {_spelled(found.seconds)}, by the rates of {_runs(found.n_runs)}"


def _runs(count: int) -> str:
    return counted(count, "earlier run")


def _spelled(seconds: float) -> str:
    if seconds < _SECONDS:
        return counted(max(1, round(seconds)), "second")
    if seconds < _MINUTES * 60:
        return counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:,.1f} hours"
