"""What is asked of an export, and what it has to tell."""

from dataclasses import dataclass
from pathlib import Path

from shared.database.engine import DatabasePlace
from shared.database.exports import Chosen
from shared.database.scores import ScoreTable
from shared.database.tables import ScoreCache
from shared.exporting.formats import Format
from shared.records import Limits


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be exported, and where to.

    ``subjects`` has XMP name the tags as keywords too; ``overwrite`` allows a target that is there.
    """

    database: DatabasePlace
    table: ScoreTable
    output: Path
    target: Path
    to: Format
    chosen: Chosen
    limits: Limits
    overwrite: bool = False
    subjects: bool = False

    @property
    def is_beside(self) -> bool:
        """Whether it goes beside loose pictures, and not into a file or folder of its own."""
        return self.to == "xmp" and self.table is ScoreCache


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export wrote: rows of a table, or captions or sidecars of pictures.

    ``n_same`` are the sidecars that were as they are to be; ``problems`` lists pictures that could
    not be exported, if there are any.
    """

    n_rows: int = 0
    n_pictures: int = 0
    n_same: int = 0
    n_missed: int = 0
    problems: Path | None = None
