"""Database -> results folder: a view of what has been scored, which decides nothing by itself.

Pictures are copied from their containers byte for byte; what the database does not hold is not
shown.
"""

import itertools
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from shared.batching import iter_pages
from shared.database.containers import read_again
from shared.database.engine import Database
from shared.database.results import (
    Problem,
    ScoredMember,
    note_decisions,
    note_results,
    results_fingerprint,
    scored_page,
    standing_results,
    told_decisions,
)
from shared.database.scores import ScoreTable
from shared.database.surveys import Standing
from shared.database.tables import Stands, ZipScoreCache
from shared.errors import RunError, SkipError
from shared.flow.lists import write_changes
from shared.flow.pages import ShelvedScores, write_pages
from shared.flow.problems import iter_problems
from shared.flow.shelves import Answers, Hurdle, Shelves
from shared.hashing import content_digest
from shared.names import container_address
from shared.records import ANY_NOVELTY, Limits, Member
from shared.results.answers import Answered
from shared.results.folder import Placed, ResultsFolder, is_made_from
from shared.sources.source import Source

PAGE = 200
"""Members and their scores that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Everything that a results folder is made from.

    ``versions`` are those of the classifiers on the shelves; ``refused`` are inputs beside the
    containers that could not be used; ``answers`` are those of tags on the shelves.
    """

    database: Database
    table: ScoreTable
    source: Source
    limits: Limits
    shelves: Shelves
    versions: Sequence[bytes]
    refused: Sequence[Problem]
    links: bool
    answers: Answers = field(default_factory=dict)

    def standing(self, output: Path) -> Path | None:
        """Return the results folder that shows the very same as a new one would, if it is there."""
        noted = self._noted(output)
        return noted[0] if noted and noted[1] == self._fingerprint() else None

    def before(self, output: Path) -> Path | None:
        """Return the last results folder, whatever it shows, if it is there."""
        noted = self._noted(output)
        return noted[0] if noted else None

    @contextmanager
    def new_folder(self, output: Path, started: datetime) -> Iterator["Placement"]:
        """Begin a results folder; it is kept only where `Placement.finish` is called.

        Pictures that lie in the one before are taken from there.

        Raises
        ------
        RunError
            Where it cannot be written.
        """
        before = self.before(output)
        with ResultsFolder(output, started, links=self.links, before=before) as folder:
            folder.make_answers(dict(zip(self.shelves.folders, self.shelves.tags, strict=True)))
            yield Placement(self, folder)

    def tell_decisions(self, folder: Path, decisions: bytes) -> None:
        """Have a results folder that stands tell other decisions than it did.

        Parameters
        ----------
        folder : Path
            From `standing`.
        decisions : bytes
            Digest of those in force.
        """
        place = self._directory, _address_of(folder.parent)
        if self.database.run(told_decisions, *place) != decisions:
            # A run that is killed in between leaves what tells neither those nor the ones before.
            self.database.run(note_decisions, *place, b"")
            write_changes(self.database, self.table, folder)
            self._write_pages(folder, new=False)
            self.database.run(note_decisions, *place, decisions)

    def note(self, folder: ResultsFolder, decisions: bytes) -> None:
        """Complete a results folder, and note its name and what it shows."""
        write_changes(self.database, self.table, folder.unfinished)
        name = folder.seal(self.origin)
        self._write_pages(folder.unfinished, new=True)
        place = self._directory, _address_of(folder.output)
        self.database.run(note_results, *place, name, self._fingerprint())
        self.database.run(note_decisions, *place, decisions)

    def _write_pages(self, folder: Path, *, new: bool) -> None:
        shown = ShelvedScores(self.table, self.shelves, self.answers)
        write_pages(self.database, shown, folder, self._directory, new=new)

    def _noted(self, output: Path) -> tuple[Path, bytes] | None:
        """Find the last results folder, if it is there, with what it was noted to show."""
        noted = self.database.run(standing_results, self._directory, _address_of(output))
        if noted is None or not is_made_from(output / noted[0], self.origin):
            return None
        return output / noted[0], noted[1]

    @property
    def _directory(self) -> str:
        return container_address(str(self.source.directory))

    @property
    def origin(self) -> str:
        """What tells its results folders from those of other tables and sources."""
        return f"{self.table.__tablename__} of {self._directory}"

    def _fingerprint(self) -> bytes:
        refused = [f"{p.address} {p.fate} {p.reason}".encode() for p in self.refused]
        hurdles = [_spelled(hurdle) for hurdle in self.shelves.hurdles]
        shape = f"{self.shelves.n_bins} {self.links}".encode()
        answers = sorted(
            f"{hash_id} {has_tag} {tag}".encode()
            for hash_id, by_tag in self.answers.items()
            for tag, has_tag in by_tag.items()
        )
        shown = [shape, *hurdles, *self.versions, *refused, *answers]
        return self.database.run(results_fingerprint, shown)


class Placement:
    """A results folder that is filled while the run goes on, container by container in order."""

    def __init__(self, publisher: Publisher, folder: ResultsFolder) -> None:
        self._publisher = publisher
        self._folder = folder
        self._container_id = 0
        self._last: ScoredMember | None = None
        self.n_placed = 0

    def place(self, container: Standing, container_id: int) -> None:
        """Place what has been scored of a container since it was placed last.

        Of one that cannot be read for now, nothing is shown but that it cannot.

        Raises
        ------
        RunError
            Where the folder cannot be written, or the container is not what was read of it.
        """
        if container.stands is Stands.AWAY:
            return
        if container_id != self._container_id:
            self._container_id, self._last = container_id, None
        with closing(self._iter_members(container)) as members:
            for wanted in self._iter_scored():
                self._place(wanted, members)
                self._last = wanted

    def finish(self, decisions: bytes = b"") -> Path:
        """List what there is to list, note that the folder is complete, give it its final name.

        A run that is killed in between leaves a note of a folder that is not there, which counts
        for nothing; the other way round, the next run would make the folder a second time.
        """
        problems = itertools.chain(self._publisher.refused, iter_problems(self._publisher.database))
        self._folder.note_problems((p.address, p.fate, p.reason) for p in problems)
        self._publisher.note(self._folder, decisions)
        return self._folder.finish()

    def _iter_scored(self) -> Iterator[ScoredMember]:
        publisher = self._publisher
        pages = iter_pages(
            lambda after: publisher.database.run(
                scored_page, publisher.table, self._container_id, after, PAGE
            ),
            self._last.id if self._last else 0,
            attrgetter("id"),
        )
        return itertools.chain.from_iterable(pages)

    def _iter_members(self, container: Standing) -> Generator[Member]:
        """Yield what may be a picture; the container is opened when the first is asked for."""
        publisher = self._publisher
        after = self._last.key if self._last else ()
        try:
            for member in publisher.source.iter_members(
                container.location, publisher.limits, after
            ):
                if isinstance(member, Member):
                    yield member
        except SkipError as error:
            raise self._changed(container.address, f": {error.reason}") from error

    def _content(self, wanted: ScoredMember, members: Iterator[Member]) -> bytes:
        """Read and hash once more what was read and hashed for its score.

        Only so does the folder show what the rows say, whoever wrote to the archive in between. It
        takes 0.3 ms a JPEG of 145 KB, a thirtieth of decoding it: less than to hand its bytes over.
        """
        member = next((one for one in members if one.place.entry == wanted.key), None)
        if member is None:
            raise self._changed(wanted.file_path)
        try:
            content = member.read()
        except SkipError as error:
            raise self._changed(wanted.file_path, f": {error.reason}") from error
        if content_digest(content) != wanted.content_sha256:
            raise self._changed(wanted.file_path)
        return content

    def _changed(self, where: str, why: str = "") -> RunError:
        """Have the next run read it anew, though its stamp may still be what it was."""
        self._publisher.database.run(read_again, self._container_id)
        found = f"is not there as it was when it was read{why}"
        return RunError(where, found, "Run the same command again.")

    def _place(self, member: ScoredMember, members: Iterator[Member]) -> None:
        publisher = self._publisher
        answers = publisher.answers.get(member.hash_id, {})
        places = publisher.shelves.places(member.scores, answers, member.novelty)
        name = self._placed(member, places, members) if places else None
        for tag, has_tag in answers.items() if name else ():
            self._folder.note_answered(Answered(member.hash_id, tag, has_tag, str(name)))
        archive = {"archive_path": member.parent} if publisher.table is ZipScoreCache else {}
        self._folder.note_image(
            {
                "hash_id": member.hash_id,
                "file_path": member.file_path,
                **archive,
                "image_file": name,
                "novelty": member.novelty,
                "scores": dict(zip(publisher.shelves.model_names, member.scores, strict=True)),
            }
        )

    def _placed(
        self, member: ScoredMember, places: Sequence[str], members: Iterator[Member]
    ) -> str:
        """Place a picture, from the container where no other folder has it; return its name."""
        is_had = self._folder.take(member.content_sha256, member.n_bytes)
        content = None if is_had else self._content(member, members)
        # Names do not depend on where the collection is kept.
        above, _, _ = container_address(str(self._publisher.source.directory)).rpartition(os.sep)
        key = member.file_path.removeprefix(above)
        picture = Placed(content, member.content_sha256, member.file_name, key)
        self.n_placed += 1
        return self._folder.place(picture, places)


def _spelled(hurdle: Hurdle) -> bytes:
    limit = f" {hurdle.max_novelty!r}" if hurdle.max_novelty < ANY_NOVELTY else ""
    return f"{hurdle.at} {hurdle.least!r}{limit}".encode()


def _address_of(output: Path) -> str:
    return container_address(str(output.resolve()))
