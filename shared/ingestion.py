"""The members of one container into the database: the writing end of reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.batching import iter_batches
from shared.database.containers import Standing, finish_reading, start_reading
from shared.database.engine import Database
from shared.database.members import last_entry, write_readings
from shared.embedders import Embedder
from shared.errors import RunError, SkipError
from shared.progress import Progress
from shared.reading import Known, iter_readings
from shared.records import Limits, Reading
from shared.sources import Source

READINGS_PER_TRANSACTION = 500


@dataclass(frozen=True, slots=True)
class Ingestor:
    """Everything that reading a container takes, the same for all containers of a run.

    ``read_under`` digests what shapes a reading beside the container itself; ``strict`` ends the
    run at the first problem.
    """

    database: Database
    source: Source
    limits: Limits
    known: Known
    embedder: Embedder | None
    read_under: bytes
    strict: bool
    progress: Progress

    def ingest(self, standing: Standing) -> int:
        """Read a container into the database; where it was stopped half-way, from there on.

        Returns
        -------
        int
            The container's id.
        """
        container_id = self.database.run(start_reading, standing, self.read_under)
        after = self.database.run(last_entry, container_id)
        fate, reason = None, ""
        try:
            for readings in self._iter_batches(standing.location, after):
                self._write(container_id, readings)
        except SkipError as error:
            fate, reason = error.fate, error.reason
            self._check(standing.address, error)
        self.database.run(finish_reading, container_id, fate, reason)
        return container_id

    def _iter_batches(self, location: str, after: tuple[int, ...]) -> Iterator[list[Reading]]:
        members = self.source.iter_members(location, self.limits, after)
        readings = iter_readings(members, self.limits, self.known, self.embedder)
        return iter_batches(readings, READINGS_PER_TRANSACTION)

    def _write(self, container_id: int, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._check(reading.address, SkipError(reading.fate, reading.reason))
        name = str(self.embedder.name) if self.embedder else ""
        self.database.run(write_readings, container_id, readings, name)
        self.progress.advance(len(readings))

    def _check(self, address: str, error: SkipError) -> None:
        if self.strict and error.fate.is_problem:
            raise RunError(address, str(error), "Run without --strict to go on past it.")
