"""Pictures that could not be exported, in a list that grows on the disk while they are met."""

from dataclasses import replace
from pathlib import Path
from typing import TextIO

from shared.database.exports import TaggedMember
from shared.errors import Fate
from shared.exporting.request import ExportSummary
from shared.progress import Progress
from shared.results.files import PROBLEM_COLUMNS, write_rows


class MissedList:
    """What could not be exported; a list without any is not told of."""

    def __init__(self, file: TextIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._n_missed = 0
        write_rows(file, [PROBLEM_COLUMNS])

    def note(self, member: TaggedMember, fate: Fate, reason: str) -> None:
        """Add a picture."""
        self._n_missed += 1
        self._progress.problem(member.file_path, reason)
        write_rows(self._file, [(member.file_path, fate, reason)])

    def summary(self, path: Path, summary: ExportSummary) -> ExportSummary:
        """Complete a summary."""
        if not self._n_missed:
            return summary
        return replace(summary, n_missed=self._n_missed, problems=path)
