"""One run of stage 1: a tagged dataset -> hashes, facts and vectors, in a database and as files.

The database remembers, so that a second run decodes and embeds only what is new; the metadata, as
JSON or Parquet, and the tag lists are written anew from it.
"""

import itertools
import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from shared.database.datasets import (
    DatasetImage,
    add_dataset_rows,
    hash_clashes,
    iter_dataset_images,
    iter_tagged,
    mark_embedded,
    refresh_tags,
)
from shared.database.engine import Database, open_database
from shared.database.results import Totals, run_totals
from shared.database.tables import DatasetCache
from shared.errors import Fate, RunError
from shared.flow.imported_vectors import ImportCounts, Imported, import_vectors
from shared.flow.problems import iter_problems
from shared.flow.reading.ingestion import Ingestor
from shared.flow.reading.known import settle_others
from shared.flow.reading.slices import ReadingContext
from shared.flow.reading.workers import Workers
from shared.flow.survey import say_what_is_not_there, take_survey
from shared.flow.tag_texts import read_sidecars
from shared.hashing import content_digest
from shared.metadata.clip_retrieval import check_vectors
from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import check_parquet_installed, write_metadata
from shared.names import base_name, container_address, storable, unspelled
from shared.pictures.embedders.choosing import Embedder
from shared.progress import Progress, StrictProgress
from shared.records import EmbedderName, Limits
from shared.results.files import (
    held_folder,
    make_folder,
    replaced_file,
    swept_folder,
    write_problems,
)
from shared.sources.source import FolderSource, Source

METADATA_FILES = {"json": "input-metadata.json", "parquet": "input-metadata.parquet"}
TAG_TO_HASHES_FILE = "input-tag-to-image-hash-list.json"
HASH_TO_TAGS_FILE = "input-image-hash-to-tag-list.json"
PROBLEMS_FILE = "input-problems.csv"
FOLDERS_ARE_TAGS = (
    "no image has a tag; the folders in it are the tags: put the images of each into one of its own"
)
# How `container_address` and `spelling` write a folder's name that ends in an exclamation mark.
_RESPELLED_END = re.compile(r"%(?:25((?:25)*21)|21)$")


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """What the user asked for. Where it is not ``tagged``, there are no tags at all.

    In the place of an embedder there may be vectors that one has made elsewhere.
    """

    source: Source
    output: Path
    embedder: Embedder | Imported
    limits: Limits
    tagged: bool
    n_workers: int
    strict: bool
    metadata_formats: tuple[str, ...] = ("json",)
    forget_gone: bool = False

    @property
    def metadata_files(self) -> tuple[Path, ...]:
        """Where the metadata goes."""
        return tuple(self.output / METADATA_FILES[name] for name in self.metadata_formats)

    @property
    def database_path(self) -> Path:
        """Where the dataset is remembered."""
        return self.output / "dataset_cache.sqlite"

    def tag_of(self, address: str) -> str | None:
        """Return the name of the folder that holds an image; None for the input folder itself."""
        # A backslash is part of a file's name on this disk, and parts folders in many an archive.
        last = posixpath.basename if isinstance(self.source, FolderSource) else base_name
        whole = unspelled(address)
        folder = whole[: -len(last(whole)) - 1]
        directory = str(self.source.directory)
        roots = (container_address(f"{directory}/")[:-1], f"{container_address(directory)}!")
        if not self.tagged or storable(folder) in roots:
            return None
        name = last(folder.removesuffix("!"))
        return storable(_RESPELLED_END.sub(lambda match: f"%{match[1]}" if match[1] else "!", name))


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What a run found and where it wrote it."""

    totals: Totals
    n_hashes: int
    n_tags: int
    database: Path
    metadata_files: tuple[Path, ...]
    problems: Path
    imported: ImportCounts | None = None
    lacks_tags: bool = False

    @property
    def has_problems(self) -> bool:
        """Whether some input could not be embedded, or tags were wanted and there are none."""
        return self.totals.has_problems or self.lacks_tags


def build_dataset(request: DatasetRequest, progress: Progress) -> DatasetSummary:
    """Read what is new in the dataset and write its metadata and tag lists.

    Raises
    ------
    RunError
        Where there is no image at all, or the output cannot be written.
    """
    if "parquet" in request.metadata_formats:
        check_parquet_installed("--metadata_format")
    if isinstance(request.embedder, Imported):
        check_vectors(request.embedder.embeddings)
    if request.strict:
        progress = StrictProgress(progress)
    make_folder(request.output)
    problems = request.output / PROBLEMS_FILE
    with (
        held_folder(request.output),
        swept_folder(request.output),
        open_database(request.database_path, DatasetCache) as database,
    ):
        imported = _read_new(request, database, Workers(request.n_workers), progress)
        settle_others(request.output, request.database_path)
        write_problems(problems, ((p.address, p.fate, p.reason) for p in iter_problems(database)))
        totals = database.run(run_totals)
        if not totals.fates.get(Fate.EMBEDDED):
            raise _no_image(request.source, problems, totals)
        n_hashes, n_tags = _write_files(request, database)
    _tell_of_others(request, progress)
    files = request.metadata_files
    lacks_tags = request.tagged and not n_tags
    if lacks_tags:
        progress.say(f"{request.source.directory}: {FOLDERS_ARE_TAGS}")
    return DatasetSummary(
        totals, n_hashes, n_tags, request.database_path, files, problems, imported, lacks_tags
    )


def _no_image(source: Source, problems: Path, totals: Totals) -> RunError:
    where = str(source.directory)
    if totals.has_problems:
        found = "no image could be embedded"
        return RunError(where, found, f"See {problems} for what was found instead.")
    remedy = "Name a folder of tag folders with images in them, or a .zip of these."
    return RunError(where, "holds no image", remedy)


def _read_new(
    request: DatasetRequest, database: Database, workers: Workers, progress: Progress
) -> ImportCounts | None:
    def tell(address: str, fate: Fate, reason: str) -> None:
        progress.problem(address, f"{fate.words}, {reason}")

    _ingest(request, database, workers, progress)
    if request.tagged:
        read_sidecars(database, request.source, request.limits, tell)
    while database.run(add_dataset_rows, request.tag_of):
        pass
    after = 0
    while after := database.run(refresh_tags, request.tag_of, after):
        pass
    imported = None
    if isinstance(request.embedder, Imported):
        imported = import_vectors(database, request.embedder, tell)
    database.run(mark_embedded)
    for first, last in database.run(hash_clashes):
        progress.say(f"{last}: same hash as {first}, but another size; only the latter is kept")
    return imported


def _ingest(
    request: DatasetRequest, database: Database, workers: Workers, progress: Progress
) -> None:
    embedder = None if isinstance(request.embedder, Imported) else request.embedder
    name = request.embedder.name
    identity = content_digest(f"{request.limits} {name} {request.tagged}".encode())
    ingestor = Ingestor(
        database,
        ReadingContext(
            request.source,
            request.limits,
            request.database_path,
            request.output,
            None,
            embedder,
        ),
        identity,
        workers,
        progress,
    )
    survey = take_survey(
        database,
        request.source,
        request.limits,
        identity,
        rescan=False,
        forget_gone=request.forget_gone,
    )
    say_what_is_not_there(request.source, survey, progress)
    progress.start(survey.n_entries, "embedding" if embedder else "reading")
    for _ in ingestor.iter_steps():
        pass


def _write_files(request: DatasetRequest, database: Database) -> tuple[int, int]:
    with database.transaction() as connection:
        for path in request.metadata_files:
            images = iter_dataset_images(connection, str(request.embedder.name))
            entries = (_entry(image, request.embedder.name) for image in images)
            n_hashes = write_metadata(path, entries)
    n_tags = _write_lists(request.output / TAG_TO_HASHES_FILE, database, by_tag=True)
    _write_lists(request.output / HASH_TO_TAGS_FILE, database, by_tag=False)
    return n_hashes, n_tags


def _tell_of_others(request: DatasetRequest, progress: Progress) -> None:
    """Name metadata that an earlier run has left in a format that this one was not asked for."""
    for name, file in METADATA_FILES.items():
        if name not in request.metadata_formats and (request.output / file).exists():
            progress.say(f"{request.output / file}: an earlier run's, not written anew")


def _entry(image: DatasetImage, embedder: EmbedderName) -> MetadataEntry:
    return MetadataEntry(
        hash_id=image.hash_id,
        file_path=image.file_path,
        file_name=image.file_name,
        file_type=image.format,
        image_size_bytes=image.n_bytes,
        width=image.width,
        height=image.height,
        image_mode=image.mode,
        file_sha256=image.content_sha256.hex(),
        tags=image.tags,
        embedder=embedder,
        vector=image.vector,
    )


def _write_lists(path: Path, database: Database, *, by_tag: bool) -> int:
    """Write one object of lists, one key a line; return how many keys it has."""
    n_keys = 0
    side = 0 if by_tag else 1
    with replaced_file(path) as file, database.transaction() as connection:
        pairs = iter_tagged(connection, by_tag=by_tag)
        for key, group in itertools.groupby(pairs, key=lambda pair: pair[side]):
            values = json.dumps([pair[1 - side] for pair in group], ensure_ascii=False)
            file.write(",\n" if n_keys else "{\n")
            file.write(f"{json.dumps(key, ensure_ascii=False)}: {values}")
            n_keys += 1
        file.write("\n}\n" if n_keys else "{}\n")
    return n_keys
