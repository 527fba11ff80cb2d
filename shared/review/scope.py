"""Which databases, archives and scores the filters of a request leave."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.database.archives import container_of, nested_archive, nested_ids
from shared.database.ranked import Deciding, deciding_classifiers
from shared.database.reviewing import Within
from shared.database.scores import ScoreTable
from shared.review.gallery import PLACES, Gallery, Reviewed
from shared.review.refusals import not_found
from shared.review.requests import Filters


@dataclass(frozen=True, slots=True)
class TagSource:
    """A database with scores of a tag, and what decides the tag there."""

    database: Reviewed
    table: ScoreTable
    deciding: Deciding


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at; ``within`` holds in each of the databases."""

    gallery: Gallery
    filters: Filters
    within: Within

    @property
    def databases(self) -> Iterator[Reviewed]:
        """The databases that are looked at."""
        for letter, database in self.gallery.databases.items():
            is_wanted = self.filters.where is None or PLACES[self.filters.where] == letter
            if is_wanted and (letter == "z" or self.filters.archive is None):
                yield database

    def sources(self, tag: str) -> list[TagSource]:
        """Return the databases that hold scores of a tag."""
        wanted = list(self.databases)
        found = []
        for database, table in self.gallery.scored:
            if database in wanted:
                deciding = database.run(deciding_classifiers).get(tag)
                if deciding:
                    found.append(TagSource(database, table, deciding))
        return found

    def allows(self, score: float | None) -> bool:
        """Tell whether a score is within what is looked at."""
        low, high = self.within.low, self.within.high
        if score is None:
            return low is None and high is None
        return (low is None or score >= low) and (high is None or score <= high)


def scope_of(gallery: Gallery, filters: Filters) -> Scope:
    """Find out what a request looks at.

    Raises
    ------
    RefusedRequest
        Where it names an archive that is not there.
    """
    within = Within(filters.min_score, filters.max_score, text=filters.text)
    if filters.archive is not None:
        container_id, parent = _archive(gallery, filters.archive)
        within = Within(within.low, within.high, container_id, parent, within.text)
    return Scope(gallery, filters, within)


def archive_ids(gallery: Gallery, parents: dict[str, int]) -> dict[str, int]:
    """Ids of the archives that hold pictures directly.

    Parameters
    ----------
    parents : dict of str to int
        The address of each, and of the container that is read for it, its id.
    """
    archives = gallery.databases.get("z")
    if archives is None:
        return {}
    tops = set(parents.values())
    addresses = {archives.run(container_of, number): number for number in tops}
    nested = [address for address in parents if address not in addresses]
    found = {address: container_archive(n) for address, n in addresses.items() if address}
    members = archives.run(nested_ids, nested)
    return found | {address: 2 * member + 1 for address, member in members.items()}


def container_archive(container_id: int) -> int:
    """Id of an archive that lies in none; ids of nested archives are odd."""
    return 2 * container_id


def _archive(gallery: Gallery, number: int) -> tuple[int, str | None]:
    archives = gallery.databases.get("z")
    if archives is None:
        raise not_found("archive")
    if number % 2:
        nested = archives.run(nested_archive, number // 2)
        if nested is None:
            raise not_found("archive")
        return nested
    if archives.run(container_of, number // 2) is None:
        raise not_found("archive")
    return number // 2, None
