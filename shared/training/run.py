"""One run of stage 2: the classifiers of every tag trained, judged, and written one by one."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np

from shared.database.engine import DatabasePlace
from shared.database.labels import LABELS_FILE, Label, load_words
from shared.errors import Attempts, Fate, RunError
from shared.metadata.arrays import MISSING
from shared.metadata.formats import iter_paths
from shared.metadata.loading import Metadata, load_metadata
from shared.names import unspelled
from shared.progress import Progress
from shared.records import EmbedderName
from shared.results.files import write_problems
from shared.results.folder import PROBLEMS_FILE
from shared.training.corrections import (
    Corrections,
    check_corrections,
    corrected,
    kept_labels,
    load_corrections,
)
from shared.training.fitting import MODEL_TYPES
from shared.training.jobs import Lesson, TrainedTag, iter_tag_pages, iter_trained
from shared.training.output import Output, TagFiles
from shared.training.page.report_page import TagReports, write_pages
from shared.training.reports import Origins
from shared.training.selection import (
    N_NAMED,
    Collection,
    Selection,
    SkippedTag,
    Vectors,
    check_vectors,
    collected,
    completed,
)
from shared.training.stored import Stored, find_stored, load_stored
from shared.training.tags import NO_TAGS, TagLists, load_tags


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What the user asked for.

    ``held_out_share`` of each tag's images is not learnt from, 0 to less than 1; ``started`` is
    written into the classifiers, in the user's own time. ``corrections`` is a results folder in
    which a person has moved pictures. ``database`` is asked first for the vectors of those that the
    metadata lacks, then the databases in the output folder and beside the results folders that
    labels came from. ``tags`` are trained, where there are any, and what
    stands of the others is kept. ``tag_to_hash_json`` is None where people's answers are all there
    is to learn from.
    """

    metadata_json: Path
    tag_to_hash_json: Path | None
    output: Path
    held_out_share: float
    n_workers: int
    started: datetime
    corrections: Path | None = None
    database: DatabasePlace | None = None
    tags: tuple[str, ...] = ()

    @property
    def lists(self) -> Path:
        """The file that says which images have a tag, where that is to be named."""
        return self.tag_to_hash_json or self.output / LABELS_FILE


class NothingToTrainError(RunError):
    """None of the tags can be trained; ``why`` tells of the first, without its name.

    It is empty where there are no tags.
    """

    def __init__(self, where: str, found: str, remedy: str, why: str) -> None:
        super().__init__(where, found, remedy)
        self.args = (where, found, remedy, why)
        self.why = why


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a run did. ``n_lost`` tagged images, of ``n_images``, have no usable vector.

    ``n_labels`` were given by people, in this run's corrections and earlier ones; ``n_left_out``
    files in this run's corrections could not be used, ``n_taken_back`` answers were taken back.
    Reports of ``n_kept`` tags, which were not to be trained, stand as they were.
    ``problems`` is the file that lists what could not be used, None where all could.
    """

    n_images: int
    n_lost: int
    n_trained: int
    n_skipped: int
    n_classifiers: int
    models: Path
    reports: Path
    n_labels: int = 0
    n_left_out: int = 0
    n_taken_back: int = 0
    n_kept: int = 0
    problems: Path | None = None

    @property
    def has_problems(self) -> bool:
        """Whether some input could not be used."""
        return self.n_skipped + self.n_lost + self.n_left_out > 0


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """All that is learnt from: what is to be trained, and the vectors for it."""

    plan: "_Plan"
    collection: Collection
    vectors: Vectors
    embedder: EmbedderName | None
    labels: list[Label]
    new: Corrections


def train(request: TrainingRequest, progress: Progress) -> TrainingSummary:
    """Train the classifiers of every tag and write them with their reports.

    Raises
    ------
    RunError
        Where an input is unusable, no tag can be trained, or the output cannot be written.
    """
    prepared = prepare(request, progress)
    with Output(request.output).held():
        lessons = iter_lessons(request, prepared)
        n_learnt = prepared.plan.n_learnt
        results = iter_trained(prepared.vectors, lessons, n_learnt, request.n_workers)
        return write_trained(request, prepared, results, progress)


def prepare(request: TrainingRequest, progress: Progress) -> Prepared:
    """Gather what is learnt from.

    Raises
    ------
    RunError
        Where an input is unusable, or no tag can be trained.
    """
    attempts = Attempts()
    with attempts:
        tags = load_tags(request.tag_to_hash_json) if request.tag_to_hash_json else {}
    with attempts:
        metadata = load_metadata(request.metadata_json, request.output)
    with attempts:
        if request.corrections:
            check_corrections(request.corrections)
    attempts.check()
    new = _corrections(request, tags, progress)
    labels = kept_labels(request.output, new.labels)
    lists = corrected(tags, labels)
    _check_tags(request, lists.tags)
    collection = collected(lists.tags, metadata, lists.denied)
    stored = _stored_vectors(request, metadata, collection, labels, progress)
    check_vectors(collection, metadata, stored, request.lists)
    collection, vectors = completed(collection, metadata, stored)
    for sentence in collection.iter_losses():
        progress.say(sentence)
    plan = _planned(request, collection, progress)
    return Prepared(plan, collection, vectors, metadata.embedder, labels, new)


def write_trained(
    request: TrainingRequest,
    prepared: Prepared,
    results: Iterator[TrainedTag],
    progress: Progress,
) -> TrainingSummary:
    """Write classifiers with their reports, in the order of `iter_lessons`, as they come.

    Whoever calls it holds the output folder.

    Raises
    ------
    RunError
        Where they cannot be written.
    """
    plan, collection = prepared.plan, prepared.collection
    labels, new = prepared.labels, prepared.new
    origins = _origins(request, collection, labels)
    output = Output(request.output)
    files = TagFiles(output, plan.trainable)
    reports = _write_all(plan, results, files, origins, progress)
    kept = list(files.kept(but=plan.n_positive)) if request.tags else []
    pages = iter_tag_pages(reports, output.reports, request.n_workers)
    write_pages(output.reports, reports, pages, kept, progress)
    problems = _list_problems(output.reports / PROBLEMS_FILE, new, collection, plan)
    return TrainingSummary(
        n_images=len(collection.hashes),
        n_lost=int((collection.rows < 0).sum()),
        n_trained=len(plan.n_positive),
        n_skipped=len(plan.skipped),
        n_classifiers=len(plan.n_positive) * len(MODEL_TYPES),
        models=output.models,
        reports=output.reports,
        n_labels=len(labels),
        n_left_out=len(new.left_out),
        n_taken_back=new.n_taken_back,
        n_kept=len(kept),
        problems=problems,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be trained: how many pictures with it each tag has, and what cannot be.

    ``trainable`` are all tags that can be trained, whether they are to be or not.
    ``n_learnt`` sums up what the tags learn from. Which pictures those are is decided again when a
    tag's turn comes: of all tags at once it may not fit into memory.
    """

    trainable: Sequence[str]
    n_positive: Mapping[str, int]
    n_learnt: int
    skipped: Sequence[SkippedTag]


def _check_tags(request: TrainingRequest, tags: TagLists) -> None:
    """Refuse a wanted tag that is not listed: `RunError`."""
    known = sorted(tags.keys() - NO_TAGS)
    for tag in request.tags:
        if tag not in known:
            found = f"lists no tag {tag!r}; there are {', '.join(known[:N_NAMED])}"
            rest = ", …" if len(known) > N_NAMED else ""
            remedy = "Give --tag one that is listed, or leave it out to train them all."
            raise RunError(str(request.lists), found + rest, remedy)


def _corrections(request: TrainingRequest, tags: TagLists, progress: Progress) -> Corrections:
    if request.corrections is None:
        return Corrections((), ())
    known = load_words(request.output / LABELS_FILE)
    return load_corrections(request.corrections, tags, known, request.started, progress)


def _stored_vectors(
    request: TrainingRequest,
    metadata: Metadata,
    collection: Collection,
    labels: Sequence[Label],
    progress: Progress,
) -> dict[str, Vectors]:
    """Look up what the metadata lacks among the vectors that other stages made."""
    lacking = [collection.hashes[at] for at in np.flatnonzero(collection.rows == MISSING)]
    given = load_stored(request.database, metadata, lacking) if request.database else Stored()
    lacking = [one for one in lacking if one not in given.vectors]
    folders = {Path(unspelled(one.folder)).parent for one in labels if one.folder}
    found = find_stored([request.output, *sorted(folders)], metadata, lacking)
    for note in filter(None, (given.note, found.note)):
        progress.say(note)
    return given.vectors | found.vectors


def _list_problems(
    path: Path, corrections: Corrections, collection: Collection, plan: _Plan
) -> Path | None:
    """List all that could not be used; where there is nothing, no older list stays."""
    if not (corrections.left_out or plan.skipped or (collection.rows < 0).any()):
        path.unlink(missing_ok=True)
        return None
    left_out = ((one.address, one.fate, one.reason) for one in corrections.left_out)
    skipped = ((one.tag, Fate.NOT_TRAINED, one.reason) for one in plan.skipped)
    write_problems(path, itertools.chain(left_out, skipped, collection.iter_lost()))
    return path


def _planned(request: TrainingRequest, collection: Collection, progress: Progress) -> _Plan:
    """Find out which tags can be trained; count those that are skipped, and say why."""
    n_positive: dict[str, int] = {}
    n_learnt = 0
    trainable: list[str] = []
    skipped: list[SkippedTag] = []
    for tag in collection.tags:
        found = collection.selection(tag, request.held_out_share)
        is_wanted = not request.tags or tag in request.tags
        if not isinstance(found, SkippedTag):
            trainable.append(tag)
            if is_wanted:
                n_positive[tag] = found.learnt.count(0) + found.held_out.count(0)
                n_learnt += len(found.learnt.rows)
        elif is_wanted:
            skipped.append(found)
            progress.say(f"{tag} is not trained: {found.reason}")
    if not n_positive:
        which = f"the {len(skipped)} wanted tags" if request.tags else f"its {len(skipped)} tags"
        why = f" ({skipped[0].tag}: {skipped[0].reason})" if skipped else ""
        raise NothingToTrainError(
            str(request.lists),
            f"none of {which} can be trained{why}",
            "Label more images: under two tags, or under one tag and other-training.",
            skipped[0].reason if skipped else "",
        )
    return _Plan(trainable, n_positive, n_learnt, skipped)


def iter_lessons(request: TrainingRequest, prepared: Prepared) -> Iterator[Lesson]:
    """Yield what each tag is to learn from, as its turn comes."""
    for tag in prepared.plan.n_positive:
        selection = prepared.collection.selection(tag, request.held_out_share)
        assert isinstance(selection, Selection)
        yield Lesson(selection, request.started, prepared.embedder)


def _origins(request: TrainingRequest, collection: Collection, labels: list[Label]) -> Origins:
    """Tell what rows are; a picture that the metadata lacks is where a person has moved it."""
    hashes = dict(zip(collection.rows.tolist(), collection.hashes, strict=True))

    @cache  # the metadata is read through for it
    def find_paths() -> dict[str, str]:
        wanted = frozenset(collection.hashes)
        paths = {one.hash_id: one.source for one in labels}
        known = iter_paths(request.metadata_json)
        paths.update((name, path) for name, path in known if path and name in wanted)
        return paths

    return Origins(hashes, find_paths, collection.tags_of)


def _write_all(
    plan: _Plan,
    results: Iterator[TrainedTag],
    files: TagFiles,
    origins: Origins,
    progress: Progress,
) -> list[TagReports]:
    progress.start(sum(plan.n_positive.values()), "training")
    reports = []
    for n_positive, found in zip(plan.n_positive.values(), results, strict=True):
        reports.append(files.write(found, origins))
        progress.advance(n_positive)
    return reports
