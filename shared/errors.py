"""What goes wrong, where, and what to do about it; and the fates that a member can have.

Two kinds of error: `SkipError` costs one input its score and the run goes on; `RunError` ends the
run. Neither prints anything: the terminal turns them into one line and an exit code.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from shared.names import printable


class Fate(StrEnum):
    """What became of one input. The values are stored in the database and shown to users."""

    PENDING = "pending"
    """Decoded and not scored yet: seen only in the database of a run that was stopped."""
    SCORED = "scored"
    EMBEDDED = "embedded"
    """Has its vector: what stage 1 makes of a picture."""
    ARCHIVE = "archive"
    """A nested archive that was opened; its members have fates of their own."""
    IGNORED = "ignored"
    """A directory or the usual litter of operating systems."""
    NOT_AN_IMAGE = "not_an_image"

    UNREADABLE = "unreadable"
    """The disk or the server would not give it: gone, forbidden, or failing."""
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"
    CRC = "crc"
    ENCRYPTED = "encrypted"
    UNSUPPORTED_METHOD = "unsupported_method"
    """Packed with something other than store or deflate."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """A picture of a format that is not read here."""
    UNSUPPORTED_ARCHIVE = "unsupported_archive"
    """An archive of a kind that is not read here, whatever it may hold: only zip is read."""
    TOO_LARGE = "too_large"
    OVERLAP = "overlap"
    """Shares bytes of its archive with another entry."""
    SIZE_MISMATCH = "size_mismatch"
    """Unpacks to another size than its archive declares."""
    NAME_MISMATCH = "name_mismatch"
    """Named differently in the archive's directory and beside its data."""
    NOT_A_ZIP = "not_a_zip"
    NOT_REGULAR = "not_regular"
    """A symbolic link, a device, or anything else that is no plain file."""
    BUDGET = "budget"
    """Beyond what one archive may cost: bytes, entries, depth or ratio."""
    NO_EMBEDDING = "no_embedding"
    BAD_VECTOR = "bad_vector"
    BAD_CLASSIFIER = "bad_classifier"
    BAD_ANSWER = "bad_answer"
    """A correction by hand that cannot be understood: no member, but what a person has moved."""
    NOT_TRAINED = "not_trained"
    """A tag with too few pictures to learn from: no member, but a part of stage 2's input."""
    CRASHED = "crashed"
    """Its reader died of it, again when tried alone."""

    @property
    def is_problem(self) -> bool:
        """Whether this fate makes a run end with exit code 3."""
        return self not in HARMLESS

    @property
    def words(self) -> str:
        """The fate as it is written in a summary: ``no embedding``."""
        return self.value.replace("_", " ")


HARMLESS = frozenset(
    {Fate.PENDING, Fate.SCORED, Fate.EMBEDDED, Fate.ARCHIVE, Fate.IGNORED, Fate.NOT_AN_IMAGE}
)


class SkipError(Exception):
    """One input cannot be scored; the run goes on without it.

    Attributes
    ----------
    fate : Fate
        The closed category, as stored in the database.
    reason : str
        What was found and what is allowed, in one sentence without the address.
    """

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(fate, reason)
        self.fate = fate
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.fate}: {self.reason}"


class RunError(Exception):
    """The run cannot go on or cannot start.

    Attributes
    ----------
    where : str
        The file, folder or option at fault.
    found : str
        What was found there, and what is allowed instead.
    remedy : str
        What the user can do, as an imperative sentence; empty where there is nothing to add.
    """

    def __init__(self, where: str, found: str, remedy: str = "") -> None:
        super().__init__(where, found, remedy)
        self.where = where
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        sentence = f"{printable(self.where)}: {printable(self.found)}"
        return f"{sentence}. {printable(self.remedy)}" if self.remedy else sentence

    @property
    def each(self) -> Sequence["RunError"]:
        """The errors that are to be told, each on a line of its own."""
        return (self,)


class SeveralError(RunError):
    """Several things are wrong that do not depend on each other; it reads as the first of them."""

    def __init__(self, errors: Sequence[RunError]) -> None:
        super().__init__(errors[0].where, errors[0].found, errors[0].remedy)
        self.args = (errors,)
        self._errors = errors

    @property
    def each(self) -> Sequence[RunError]:
        """All of them."""
        return self._errors


class Attempts:
    """Steps that do not need each other, so that all that is wrong is named at once.

    Each stands in a block of its own; `check` comes before anything that they give is used.
    """

    def __init__(self) -> None:
        self._errors: list[RunError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if isinstance(error, RunError):
            self._errors.append(error)
        return isinstance(error, RunError)

    def check(self) -> None:
        """Raise what the steps have raised: `RunError`."""
        errors = [one for several in self._errors for one in several.each]
        if errors:
            raise errors[0] if len(errors) == 1 else SeveralError(errors)
