"""How long a run would take, by what earlier runs took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.database.runs import Work


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds of a run, by the rates of ``n_runs``.

    None where no earlier run has done what is to be done: ``lacking`` names it.
    """

    seconds: float | None
    n_runs: int
    lacking: str = ""


def duration(runs: Sequence[Work], wanted: Work) -> Duration:
    """Estimate what so many pictures and rows take.

    Seconds that runs have waited for reading are those of known pictures where nothing was decoded,
    of decoding where nothing was embedded; what others took beyond that is embedding. Where all
    was embedded, decoding alone is taken to be as slow.
    """
    known = _rate((r.reading_seconds, r.n_read) for r in runs if not r.n_decoded)
    decode = _rate((r.reading_seconds, r.n_decoded) for r in runs if not r.n_embedded)
    embedding = [one for one in runs if one.n_embedded]
    embed = _rate(
        (r.reading_seconds - (decode or 0) * r.n_decoded, r.n_embedded) for r in embedding
    )
    n_only_decoded = (
        wanted.n_decoded if decode is not None else wanted.n_decoded - wanted.n_embedded
    )
    steps = {
        "decoded images": (n_only_decoded, embed if decode is None else decode),
        "embedded images": (wanted.n_embedded, embed),
        "written rows": (wanted.n_rows, _rate((r.scoring_seconds, r.n_rows) for r in runs)),
        "made a results folder": (
            wanted.n_published,
            _rate((r.publishing_seconds, r.n_published) for r in runs),
        ),
    }
    for done, (count, rate) in steps.items():
        if count and rate is None:
            return Duration(None, len(runs), done)
    seconds = sum(count * (rate or 0) for count, rate in steps.values())
    seconds += (wanted.n_read - wanted.n_decoded) * (known or 0)
    return Duration(seconds + _overhead(runs), len(runs))


def _rate(parts: Iterable[tuple[float, int]]) -> float | None:
    """Seconds for each, of parts that took some seconds for so many."""
    seconds, count = 0.0, 0
    for some_seconds, number in parts:
        seconds, count = seconds + some_seconds, count + number
    return max(0.0, seconds) / count if count else None


def _overhead(runs: Sequence[Work]) -> float:
    """Seconds that a run takes beside its steps: it starts, and looks around."""
    rest = [
        one.seconds - one.reading_seconds - one.scoring_seconds - one.publishing_seconds
        for one in runs
    ]
    return sum(rest) / len(rest) if rest else 0.0
