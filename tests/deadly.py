"""Archives that take down who reads them. It is copied to a cluster's workers as it is."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from shared.records import Container, EntryKey, Limits, Member, Skipped
from shared.sources.source import ArchiveSource


@dataclass(frozen=True)
class DeadlySource:
    """Reading a member called ``deadly.png`` kills the process, and ``once.png`` the first time."""

    inner: ArchiveSource
    killed: Path

    kind: ClassVar[str] = "archives"

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        return self.inner.lost_folder(location, device)

    @property
    def directory(self) -> Path:
        return self.inner.directory

    def iter_found(self) -> Iterator[Container | Path]:
        return self.inner.iter_found()

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        for member in self.inner.iter_members(location, limits, start_after, entries):
            yield self._made_deadly(member) if isinstance(member, Member) else member

    def _made_deadly(self, member: Member) -> Member:
        def read() -> bytes:
            if member.place.name == "deadly.png" or not self.killed.exists():
                self.killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return member.read()

        return (
            replace(member, read=read)
            if member.place.name in ("deadly.png", "once.png")
            else member
        )
