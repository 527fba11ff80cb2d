"""The least flows: archives that are surveyed and read into a database, as a run does it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shared.classifiers.estimators import Classifier, Estimator, Logistic
from shared.database.engine import Database
from shared.flow.reading.ingestion import Ingestor, Step
from shared.flow.reading.slices import ReadingContext
from shared.flow.reading.workers import Workers
from shared.flow.survey import take_survey
from shared.hashing import content_digest
from shared.metadata.loading import Metadata, load_metadata
from shared.progress import Progress, Silence
from shared.records import Container, EntryKey, Limits, Member, Skipped
from shared.sources.source import ArchiveSource, Source
from tests.shared.database.world import UNDER
from tests.worlds import zipped


@dataclass(frozen=True)
class CountingSource:
    """A source that notes which containers are opened, after which entry, and what is read."""

    inner: Source
    opened: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    began_after: list[EntryKey] = field(default_factory=list)

    @property
    def directory(self) -> Path | str:
        return self.inner.directory

    @property
    def kind(self) -> str:
        return self.inner.kind

    def lost_folder(self, location: str, device: int) -> tuple[str, str] | None:
        return self.inner.lost_folder(location, device)

    def iter_found(self) -> Iterator[Container | Path | str]:
        return self.inner.iter_found()

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        self.opened.append(Path(location).name)
        self.began_after.append(start_after)
        for one in self.inner.iter_members(location, limits, start_after, entries):
            yield self._noting(one) if isinstance(one, Member) else one

    def _noting(self, member: Member) -> Member:
        def read() -> bytes:
            self.read.append(member.place.name)
            return member.read()

        return Member(member.place, member.size, member.head, read)


@dataclass
class Told(Silence):
    """A progress that remembers what it was told."""

    n_members: int = 0
    n_known: int = 0
    n_decoded: int = 0
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def start(self, n_total: int, caption: str) -> None:
        """Nothing is kept of it."""

    def advance(self, n_members: int) -> None:
        self.n_members += n_members

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        self.n_known += n_known
        self.n_decoded += n_decoded

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def problem(self, address: str, reason: str) -> None:
        self.problems.append(f"{address}: {reason}")


def archives(folder: Path, **members: dict[str, bytes]) -> ArchiveSource:
    """Write archives by name, without ``.zip``: the source of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, contents in members.items():
        (folder / f"{name}.zip").write_bytes(zipped(contents))
    return ArchiveSource(folder, folder / "output")


def ingestor(
    database: Database,
    source: Source,
    progress: Progress | None = None,
) -> Ingestor:
    """What reads a source into a database, in this process, without any metadata."""
    place = Path(database.where)
    context = ReadingContext(source, Limits(), place, place.parent, None, None)
    return Ingestor(database, context, UNDER, Workers(1), progress or Silence())


def iter_steps(database: Database, reader: Ingestor) -> Iterator[Step]:
    """Survey a source and read what is new in it."""
    take_survey(database, reader.context.source, Limits(), UNDER, rescan=False)
    return reader.iter_steps()


def ingest(database: Database, source: Source) -> list[Step]:
    """Survey a source and read all that is new: the last step of each container."""
    steps = iter_steps(database, ingestor(database, source))
    return [step for step in steps if step.is_whole and not step.container.is_read]


def metadata_of(folder: Path, entries: dict[str, object]) -> Metadata:
    """Metadata out of a file that is written for it."""
    path = folder / "input-metadata.json"
    path.write_text(json.dumps(entries))
    return load_metadata(path, folder)


def classifier(
    tag: str = "cat",
    coef: Sequence[float] = (1, 2, 3, 4),
    *,
    estimator: Estimator | None = None,
    model_type: str = "svm",
) -> Classifier:
    """A classifier; other numbers are another version of it."""
    estimator = estimator or Logistic(np.array(coef, float), 0.5)
    digest = content_digest(repr((tag, tuple(coef))).encode())
    return Classifier(f"model-{model_type}-tag-{tag}", model_type, tag, None, digest, estimator)
