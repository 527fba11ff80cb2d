"""The members of all changed containers into the database: the writing end of reading."""

import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shared.database.containers import finish_reading, start_reading
from shared.database.engine import Database
from shared.database.members import last_entry, write_readings
from shared.database.runs import Work
from shared.database.surveys import Standing
from shared.database.tables import Stands
from shared.errors import Fate
from shared.flow.reading.slices import ReadingContext, Unit, UnitResult, iter_units
from shared.flow.reading.workers import Workers, iter_results
from shared.flow.survey import iter_standing
from shared.progress import Progress
from shared.records import EntryKey, Reading


class Step(NamedTuple):
    """A container of which more members stand in the database now; all where it ``is_whole``."""

    container: Standing
    container_id: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Ingestor:
    """Everything that reading takes, the same for all containers of a run.

    ``read_under`` digests what shapes a reading beside the container itself. What ``progress``
    raises of a problem ends the run. ``work`` counts what is done.
    """

    database: Database
    context: ReadingContext
    read_under: bytes
    workers: Workers
    progress: Progress
    work: Work = field(default_factory=Work)

    def iter_steps(self) -> Iterator[Step]:
        """Yield the surveyed containers in order: one that is read as a whole, others as they grow.

        Two walks over the same survey: workers are given what is to be read long before its turn.
        """
        unread = (one for one in iter_standing(self.database) if not one.is_read)
        with closing(self._iter_ingested(unread)) as ingested:
            for one in iter_standing(self.database):
                if one.is_read:
                    assert one.id is not None
                    yield Step(one, one.id, is_whole=True)
                    self.progress.advance(one.n_entries)
                else:
                    yield from _until_whole(ingested)

    def _iter_ingested(self, containers: Iterable[Standing]) -> Generator[Step]:
        """Read containers into the database, and yield a step whenever more of one is there.

        A container that an earlier run left half-way goes on from there. What is written at once
        is the result of one unit, so that a run that was stopped cuts the same units again.
        """
        units = (unit for one in containers for unit in self._iter_begun(one))
        with closing(iter_results(units, self.context, self.workers, self.progress)) as results:
            for standing, group in itertools.groupby(results, key=lambda pair: pair[0].standing):
                yield from self._iter_written(standing, group)

    def _iter_begun(self, standing: Standing) -> Iterator[Unit]:
        """Note that a container is being read before it is: dying of it leaves a trace."""
        done = self._done(standing)
        container_id = self.database.run(start_reading, standing, self.read_under)
        yield from iter_units(replace(standing, id=container_id), done)

    def _iter_written(
        self, standing: Standing, results: Iterable[tuple[Unit, UnitResult]]
    ) -> Iterator[Step]:
        assert standing.id is not None
        fate, reason = None, ""
        for _, result in results:
            if result.fate and not fate:
                fate, reason = result.fate, result.reason
                self._check(standing.address, fate, reason)
            self._write(standing.id, result.readings)
            yield Step(standing, standing.id, is_whole=False)
        self.database.run(finish_reading, standing.id, fate, reason)
        self.work.n_containers += 1
        yield Step(standing, standing.id, is_whole=True)

    def _done(self, standing: Standing) -> EntryKey:
        if standing.id is None or standing.stands is not Stands.BEGINNING:
            return ()
        return self.database.run(last_entry, standing.id)

    def _write(self, container_id: int, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._check(reading.place.address, reading.fate, reading.reason)
        self.database.run(write_readings, container_id, readings, self.context.embedder_name)
        self.progress.advance(len(readings))
        n_decoded = sum(reading.was_decoded for reading in readings)
        n_pictures = sum(reading.picture is not None for reading in readings)
        self.progress.count_pictures(n_pictures - n_decoded, n_decoded)
        self.work.n_read += n_pictures
        self.work.n_decoded += n_decoded
        self.work.n_embedded += sum(one.was_decoded and one.vector is not None for one in readings)

    def _check(self, address: str, fate: Fate, reason: str) -> None:
        if fate.is_problem:
            self.progress.problem(address, f"{fate.words}, {reason}")


def _until_whole(steps: Iterator[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step.is_whole:
            return
