"""One run of stage 2: the classifiers of every tag trained, judged, and written one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from shared.database.engine import open_for_reading
from shared.database.labels import Label
from shared.database.suggestions import stored_vectors
from shared.errors import RunError
from shared.locking import held_folder
from shared.metadata import MISSING, Metadata, load_metadata
from shared.metadata.paths import iter_paths
from shared.outputs import make_folder, swept_folder, write_file
from shared.progress import Progress
from shared.reporting import TagReports, write_page
from shared.training.corrections import corrected, iter_corrections, kept_labels
from shared.training.files import MODEL_SUFFIX, model_names
from shared.training.fitting import MODEL_TYPES
from shared.training.jobs import Lesson, Trained, iter_trained
from shared.training.reports import Origins, Record, report_record, write_report
from shared.training.selection import (
    Collection,
    Selection,
    SkippedTag,
    Vectors,
    collected,
    completed,
)
from shared.training.tags import TagLists, load_tags


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What the user asked for.

    ``held_out_share`` of each tag's images is not learnt from, 0 to less than 1; ``started`` is
    written into the classifiers, in the user's own time. ``corrections`` is a results folder in
    which a person has moved pictures, ``database`` that of stage 3 or 4 with the vectors of those
    that the metadata lacks.
    """

    metadata_json: Path
    tag_to_hash_json: Path
    output: Path
    held_out_share: float
    n_workers: int
    started: datetime
    corrections: Path | None = None
    database: Path | None = None

    @property
    def models(self) -> Path:
        """Folder of the classifier files."""
        return self.output / "models"

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.output / "reports"


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a run did. ``n_lost`` tagged images, of ``n_images``, have no usable vector.

    ``n_labels`` were given by people, in this run's corrections and earlier ones.
    """

    n_images: int
    n_lost: int
    n_trained: int
    n_skipped: int
    n_classifiers: int
    models: Path
    reports: Path
    n_labels: int = 0

    @property
    def has_problems(self) -> bool:
        """Whether some input could not be used."""
        return self.n_skipped > 0 or self.n_lost > 0


def train(request: TrainingRequest, progress: Progress) -> TrainingSummary:
    """Train the classifiers of every tag and write them with their reports.

    Raises
    ------
    RunError
        Where an input is unusable, no tag can be trained, or the output cannot be written.
    """
    tags = load_tags(request.tag_to_hash_json)
    labels = _labels(request, tags, progress)
    lists = corrected(tags, labels)
    metadata = load_metadata(request.metadata_json, request.output)
    collection = collected(lists.tags, metadata, request.tag_to_hash_json, lists.denied)
    stored = _stored_vectors(request, metadata, collection)
    collection, vectors = completed(collection, metadata.vectors, stored)
    for sentence in collection.iter_losses():
        progress.say(sentence)
    selections, n_skipped = _selections(request, collection, progress)
    with _held_folders(request):
        lessons = [Lesson(one, request.started, metadata.embedder) for one in selections]
        origins = _origins(request, collection, labels)
        reports = _train_all(request, vectors, lessons, origins, progress)
        write_page(request.reports / "index.html", reports)
    return TrainingSummary(
        n_images=len(collection.hashes),
        n_lost=int((collection.rows < 0).sum()),
        n_trained=len(selections),
        n_skipped=n_skipped,
        n_classifiers=len(selections) * len(MODEL_TYPES),
        models=request.models,
        reports=request.reports,
        n_labels=len(labels),
    )


@contextmanager
def _held_folders(request: TrainingRequest) -> Iterator[None]:
    """Make the folders, and keep other runs out of them."""
    make_folder(request.output)
    with held_folder(request.output):
        make_folder(request.models)
        make_folder(request.reports)
        with swept_folder(request.models), swept_folder(request.reports):
            yield


def _labels(request: TrainingRequest, tags: TagLists, progress: Progress) -> list[Label]:
    """Read the corrections, where there are any, and keep them with earlier ones."""
    new: list[Label] = []
    if request.corrections is not None:
        new = list(iter_corrections(request.corrections, tags, request.started, progress))
    if new:
        make_folder(request.output)
    return kept_labels(request.output, new)


def _stored_vectors(
    request: TrainingRequest, metadata: Metadata, collection: Collection
) -> dict[str, Vectors]:
    """Look up what the metadata lacks among the vectors that stage 3 or 4 made."""
    if request.database is None:
        return {}
    if not request.database.is_file():
        raise RunError(str(request.database), "is no file", "Run stage 3 or 4 first.")
    lacking = [collection.hashes[at] for at in np.flatnonzero(collection.rows == MISSING)]
    with open_for_reading(request.database) as database:
        found = database.run(stored_vectors, lacking, str(metadata.embedder or ""))
    return {name: one for name, one in found.items() if len(one) == metadata.n_features}


def _selections(
    request: TrainingRequest, collection: Collection, progress: Progress
) -> tuple[list[Selection], int]:
    """Decide what each tag learns from; count those that are skipped, and say why."""
    found = [collection.selection(tag, request.held_out_share) for tag in collection.tags]
    skipped = [one for one in found if isinstance(one, SkippedTag)]
    for one in skipped:
        progress.say(f"{one.tag} is not trained: {one.reason}")
    if len(skipped) == len(found):
        why = f" ({skipped[0].tag}: {skipped[0].reason})" if skipped else ""
        raise RunError(
            str(request.tag_to_hash_json),
            f"none of its {len(skipped)} tags can be trained{why}",
            "Label more images: under two tags, or under one tag and other-training.",
        )
    return [one for one in found if isinstance(one, Selection)], len(skipped)


def _origins(request: TrainingRequest, collection: Collection, labels: list[Label]) -> Origins:
    """Tell what rows are; a picture that the metadata lacks is where a person has moved it."""
    hashes = dict(zip(collection.rows.tolist(), collection.hashes, strict=True))
    wanted = frozenset(collection.hashes)
    paths = {one.hash_id: one.source for one in labels}
    paths.update(pair for pair in iter_paths(request.metadata_json) if pair[0] in wanted)
    return Origins(hashes, paths)


def _train_all(
    request: TrainingRequest,
    vectors: Vectors,
    lessons: list[Lesson],
    origins: Origins,
    progress: Progress,
) -> list[TagReports]:
    selections = [one.selection for one in lessons]
    tags = [one.tag for one in selections]
    names = {model_type: model_names(model_type, tags) for model_type in MODEL_TYPES}
    progress.start(sum(map(_n_positive, selections)), "training")
    results = iter_trained(vectors, lessons, request.n_workers)
    reports = []
    for selection, classifiers in zip(selections, results, strict=True):
        records = {
            model_type: _write(request, names[model_type][selection.tag], trained, origins)
            for model_type, trained in classifiers.items()
        }
        reports.append(TagReports(selection.tag, records))
        progress.advance(_n_positive(selection))
    return reports


def _write(request: TrainingRequest, name: str, trained: Trained, origins: Origins) -> Record:
    write_file(request.models / name, trained.content)
    record = report_record(
        trained.description, trained.held_out, trained.validation, trained.curve, origins
    )
    write_report(request.reports, name.removesuffix(MODEL_SUFFIX), record)
    return record


def _n_positive(selection: Selection) -> int:
    return selection.learnt.count(0) + selection.held_out.count(0)
