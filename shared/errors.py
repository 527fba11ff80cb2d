"""What goes wrong, where, and what to do about it.

Two kinds: `SkipError` costs one input its score and the run goes on; `RunError` ends the run.
Neither prints anything: the terminal turns them into one line and an exit code.
"""

from shared.fates import Fate
from shared.names import printable


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
