"""Where pictures come from: archives below a directory, or the loose files of its folders.

Both give the same two streams, so that one flow serves stages 3 and 4, and stage 1 either way.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from shared.records import Container, Limits, Member, Skipped


class Source(Protocol):
    """Containers, and the members of each. Picklable, so that worker processes can read too."""

    @property
    def directory(self) -> Path:
        """What the user named."""

    def iter_containers(self) -> Iterator[Container]:
        """Yield the containers that are there now, sorted."""

    def iter_members(
        self, location: str, limits: Limits, start_after: tuple[int, ...]
    ) -> Iterator[Member | Skipped]:
        """Yield the members of one container, in order, after an entry."""
