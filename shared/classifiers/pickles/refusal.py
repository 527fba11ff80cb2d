"""Why a classifier file is refused, and how words out of such a file are quoted."""

from shared.errors import Fate, SkipError
from shared.names import printable

MAX_QUOTED_CHARACTERS = 80


class RefusedError(SkipError):
    """One classifier file cannot be used; ``reason`` says what was found and what is needed."""

    def __init__(self, reason: str) -> None:
        super().__init__(Fate.BAD_CLASSIFIER, reason)
        self.args = (reason,)  # what a copy in another process is made from


class NotDataError(RefusedError):
    """One classifier file is a pickle, of what is not read as data; as code it may well load."""


def quoted(text: str) -> str:
    """Spell a stranger's text so that it fits into a reason: on one line, and short."""
    plain = printable(text[: MAX_QUOTED_CHARACTERS + 1])
    return plain if len(plain) <= MAX_QUOTED_CHARACTERS else plain[:MAX_QUOTED_CHARACTERS] + "…"
