"""How far a run has got, told to whoever shows it. Nothing here writes to a terminal."""

from dataclasses import dataclass
from typing import Protocol

from shared.errors import RunError


class Progress(Protocol):
    """Receives what a run has to tell while it goes on."""

    def start(self, n_total: int, caption: str) -> None:
        """Begin a step; ``n_total`` members lie ahead, as far as the archives declare them."""

    def advance(self, n_members: int) -> None:
        """Count members that are finished."""

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Count pictures whose bytes had been seen before, and those that had to be decoded."""

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        """Count pictures that a machine's GPU has embedded, and how long it computed for them."""

    def say(self, sentence: str) -> None:
        """Tell something that every user should know."""

    def problem(self, address: str, reason: str) -> None:
        """Tell of one input that could not be scored."""


class Silence:
    """A progress that goes nowhere, for callers that are no terminal."""

    def start(self, n_total: int, caption: str) -> None:
        """Ignore it."""

    def advance(self, n_members: int) -> None:
        """Ignore it."""

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Ignore it."""

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        """Ignore it."""

    def say(self, sentence: str) -> None:
        """Ignore it."""

    def problem(self, address: str, reason: str) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class StrictProgress:
    """Ends the run at its first problem; all else is told to the ``inner`` progress."""

    inner: Progress

    def start(self, n_total: int, caption: str) -> None:
        """Pass it on."""
        self.inner.start(n_total, caption)

    def advance(self, n_members: int) -> None:
        """Pass it on."""
        self.inner.advance(n_members)

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        """Pass it on."""
        self.inner.count_pictures(n_known, n_decoded)

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        """Pass it on."""
        self.inner.count_embedded(n_images, seconds, machine)

    def say(self, sentence: str) -> None:
        """Pass it on."""
        self.inner.say(sentence)

    def problem(self, address: str, reason: str) -> None:
        """End the run: `RunError`."""
        raise RunError(address, reason, "Run without --strict to go on past it.")
