"""What a user asks stages 3 and 4 for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.database.engine import DatabasePlace
from shared.database.scores import ScoreTable
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.flow.deciding import RECOMMENDED
from shared.flow.shelves import Least
from shared.flow.threshold_files import Wish
from shared.pictures.embedders.clip import ClipOptions
from shared.records import ANY_NOVELTY, Limits
from shared.results.folder import ResultsMode
from shared.sources.source import Source

Prior = Literal["training", "collection"]
"""Among which pictures a threshold that is asked for by name has to hold."""
COMMANDS = {ScoreCache: "stage3/classify.py", ZipScoreCache: "stage4/classify_zip.py"}


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """What the user asked for."""

    source: Source
    table: ScoreTable
    metadata_json: Path
    model: Path
    output: Path
    n_bins: int
    limits: Limits
    results: ResultsMode
    strict: bool
    rescan: bool
    n_workers: int
    trust_models: bool
    database_url: str | None
    dask_scheduler: str | None
    clip: ClipOptions
    forget_gone: bool = False
    keep_results: int | None = None
    results_min_score: Least | None = None
    threshold: Wish = RECOMMENDED
    thresholds: Path | None = None
    write_thresholds: Path | None = None
    prior: Prior = "training"
    max_novelty: float = ANY_NOVELTY
    thumbnails: bool = False

    @property
    def database(self) -> DatabasePlace:
        """Where the scores are kept; a file is named after the table that users read in it."""
        return self.database_url or self.output / f"{self.table.__tablename__}.sqlite"

    @property
    def command(self) -> str:
        """The script that does this."""
        return COMMANDS[self.table]
