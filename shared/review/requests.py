"""What a request asks for, read from its address and checked."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from shared.review.refusals import bad

Order = Literal["worth", "highest", "lowest", "around", "suspects", "unlike"]
Answered = Literal["yes", "no", "skip", "any", "none"]
Where = Literal["loose", "archived", "dataset"]
MAX_LIMIT = 500
MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures are looked at; None where all are. ``archive`` is an id."""

    min_score: float | None = None
    max_score: float | None = None
    archive: int | None = None
    answered: Answered | None = None
    where: Where | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class WantedPage:
    """Which page of what is asked for; ``after`` is where the one before ended."""

    filters: Filters
    order: Order
    after: Any
    limit: int


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a request; refuse those that make no sense."""
    return Filters(
        _number(query, "min_score"),
        _number(query, "max_score"),
        whole_number(query, "archive"),
        _choice(query, "answered", Answered),
        _choice(query, "where", Where),
        text_of(query),
    )


def read_wanted(query: Mapping[str, str], order: Order = "highest") -> WantedPage:
    """Read which page is asked for."""
    return WantedPage(
        read_filters(query),
        _choice(query, "order", Order) or order,
        uncoded(query.get("after")),
        limit_of(query),
    )


def limit_of(query: Mapping[str, str], usual: int = 60) -> int:
    """Read how much of a list is asked for."""
    limit = whole_number(query, "limit")
    if limit is None:
        return usual
    if not 1 <= limit <= MAX_LIMIT:
        raise bad(f"limit is {limit}; 1 to {MAX_LIMIT} are allowed.")
    return limit


def text_of(query: Mapping[str, str]) -> str:
    """Read a part of a name."""
    text = query.get("text", "")
    if len(text) > MAX_TEXT:
        raise bad(f"text is too long: {MAX_TEXT} characters are allowed.")
    return text


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """Read a number of a request; None where it is not given."""
    given = query.get(name)
    if not given:
        return None
    if not (given.isdecimal() and given.isascii() and len(given) <= 18):
        raise bad(f"{name} is no whole number.")
    return int(given)


def coded(position: Any) -> str:  # noqa: ANN401 - any JSON
    """Spell where a page ends, for the next request."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def uncoded(spelled: str | None) -> Any:  # noqa: ANN401 - any JSON
    """Read where a page ended; refuse what this server has not spelled."""
    if not spelled:
        return None
    try:
        return json.loads(
            base64.b64decode(spelled + "=" * (-len(spelled) % 4), b"-_", validate=True)
        )
    except (ValueError, RecursionError):
        raise bad("after is no place in a list of this server.") from None


def _number(query: Mapping[str, str], name: str) -> float | None:
    given = query.get(name)
    if not given:
        return None
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise bad(f"{name} is no number.")
    return number


def _choice(query: Mapping[str, str], name: str, choices: Any) -> Any:  # noqa: ANN401 - a Literal
    given = query.get(name)
    if not given:
        return None
    allowed = get_args(choices)
    if given not in allowed:
        raise bad(f"{name} is none of {', '.join(allowed)}.")
    return given
