"""Database -> results folder: a view of what has been scored, which decides nothing by itself.

Pictures are copied from their containers byte for byte; what the database does not hold is not
shown.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.database.containers import Standing
from shared.database.engine import Database
from shared.database.results import (
    Problem,
    ScoredMember,
    note_results,
    results_fingerprint,
    scored_page,
    standing_results,
)
from shared.database.scores import ScoreTable
from shared.errors import RunError, SkipError
from shared.estimators import Classifier
from shared.hashing import content_digest
from shared.names import container_address
from shared.outputs import ResultsFolder, unique_folders
from shared.problems import iter_problems
from shared.progress import Progress
from shared.records import Limits, Member
from shared.scoring import bin_name
from shared.sources import Source
from shared.survey import iter_standing

PAGE = 200


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where each classifier's pictures go, relative to the results folder: bins are below that."""

    model_names: list[str]
    folders: list[str]
    n_bins: int

    def places(self, scores: Sequence[float]) -> list[str]:
        """Return the folder of each of one picture's scores, one score per classifier."""
        return [
            f"{folder}{os.sep}{bin_name(score, self.n_bins)}"
            for folder, score in zip(self.folders, scores, strict=True)
        ]


def build_shelves(classifiers: Sequence[Classifier], n_bins: int) -> Shelves:
    """Lay out the folders ``<model_type>/<tag>/<bin>``, two of which are never the same."""
    names = [classifier.name for classifier in classifiers]
    folders = unique_folders([(c.model_type, c.tag) for c in classifiers], names)
    return Shelves(names, folders, n_bins)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Everything that a results folder is made from.

    ``versions`` are those of the classifiers on the shelves; ``refused`` are inputs beside the
    containers that could not be used.
    """

    database: Database
    table: ScoreTable
    source: Source
    limits: Limits
    shelves: Shelves
    versions: Sequence[bytes]
    refused: Sequence[Problem]
    links: bool

    def publish(self, output: Path, started: datetime, progress: Progress) -> Path:
        """Make the results folder, unless the one that stands shows the very same.

        Returns
        -------
        Path
            The results folder.

        Raises
        ------
        RunError
            Where the folder cannot be written, or an archive changed while the run went on.
        """
        directory = container_address(str(self.source.directory))
        fingerprint = self._fingerprint()
        if standing := self._standing(output, directory, fingerprint):
            return standing
        with ResultsFolder(output, started, links=self.links) as folder:
            for container in iter_standing(self.database, b""):
                self._place_container(container, folder, progress)
            problems = itertools.chain(self.refused, iter_problems(self.database))
            folder.note_problems((p.address, p.fate, p.reason) for p in problems)
            final = folder.finish()
        self.database.run(note_results, directory, final.name, fingerprint)
        return final

    def _fingerprint(self) -> bytes:
        refused = [f"{p.address} {p.fate} {p.reason}".encode() for p in self.refused]
        shape = f"{self.shelves.n_bins} {self.links}".encode()
        return self.database.run(results_fingerprint, [shape, *self.versions, *refused])

    def _standing(self, output: Path, directory: str, fingerprint: bytes) -> Path | None:
        standing = self.database.run(standing_results, directory)
        if standing is None or standing[1] != fingerprint:
            return None
        folder = output / standing[0]
        return folder if (folder / "output.json").is_file() else None

    def _place_container(
        self, container: Standing, folder: ResultsFolder, progress: Progress
    ) -> None:
        scored = self._iter_scored(container)
        wanted = next(scored, None)
        for member in self._iter_members(container) if wanted else ():
            if wanted and ".".join(map(str, member.entry)) == wanted.entry:
                self._place(wanted, _content(member, wanted), folder)
                progress.advance(1)
                wanted = next(scored, None)
        if wanted:
            raise _changed(wanted.file_path)

    def _place(self, member: ScoredMember, content: bytes, folder: ResultsFolder) -> None:
        key = member.file_path.removeprefix(container_address(str(self.source.directory.parent)))
        places = self.shelves.places(member.scores)
        name = folder.place(content, member.file_name, key, places)
        folder.note_image(
            {
                "hash_id": member.hash_id,
                "file_path": member.file_path,
                "image_file": name,
                "scores": dict(zip(self.shelves.model_names, member.scores, strict=True)),
            }
        )

    def _iter_members(self, container: Standing) -> Iterator[Member]:
        try:
            for member in self.source.iter_members(container.location, self.limits):
                if isinstance(member, Member):
                    yield member
        except SkipError as error:
            raise _changed(container.address) from error

    def _iter_scored(self, container: Standing) -> Iterator[ScoredMember]:
        if container.id is None:
            return
        after = 0
        while page := self.database.run(scored_page, self.table, container.id, after, PAGE):
            after = page[-1].id
            yield from page


def _content(member: Member, wanted: ScoredMember) -> bytes:
    try:
        content = member.read()
    except SkipError as error:
        raise _changed(wanted.file_path) from error
    if content_digest(content) != wanted.content_sha256:
        raise _changed(wanted.file_path)
    return content


def _changed(where: str) -> RunError:
    return RunError(where, "changed while the run went on", "Run the same command again.")
