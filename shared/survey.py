"""What is there now, beside what the database knows: the start of every run."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.database.containers import (
    Standing,
    forget_gone,
    mark_read,
    standing_page,
    survey_totals,
    write_survey,
)
from shared.database.engine import Connection, Database
from shared.records import Container
from shared.sources import Source


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """Counts of a survey: containers, the entries that they declare, what is gone, loose files."""

    n_containers: int
    n_entries: int
    n_gone: int
    n_loose: int


def take_survey(
    database: Database, source: Source, read_under: bytes, *, rescan: bool
) -> SurveyTotals:
    """Note the containers that are there now and what stands of them; forget those that are gone.

    Parameters
    ----------
    read_under : bytes
        Digest of what shapes a reading beside the container.
    rescan : bool
        Whether everything is to be read again.
    """
    totals = database.run(_survey, source)
    database.run(mark_read, read_under, rescan=rescan)
    return totals


def _survey(connection: Connection, source: Source) -> SurveyTotals:
    n_loose = 0

    def iter_containers() -> Iterator[Container]:
        nonlocal n_loose
        for found in source.iter_found():
            if isinstance(found, Container):
                yield found
            else:
                n_loose += 1

    write_survey(connection, iter_containers())
    n_gone = forget_gone(connection, str(source.directory))
    n_containers, n_entries = survey_totals(connection)
    return SurveyTotals(n_containers, n_entries, n_gone, n_loose)


def iter_standing(database: Database) -> Iterator[Standing]:
    """Yield the surveyed containers in order, each with what is known of it."""
    position = 0
    while page := database.run(standing_page, position):
        position = page[-1].position
        yield from page
