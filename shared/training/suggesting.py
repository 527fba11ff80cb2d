"""Which unlabelled pictures are most worth a label next: uncertain ones, and not all alike.

Nothing is learnt here: classifiers that are there already tell how uncertain a picture is.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from shared.batching import iter_batches
from shared.classifiers.estimators import Classifier
from shared.classifiers.fused.fusing import FusedClassifiers, fuse
from shared.classifiers.loading import load_classifiers
from shared.database.engine import open_given
from shared.database.labels import LABELS_FILE, load_labels
from shared.database.scores import uncertain_rows
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import Attempts, RunError
from shared.flow.inputs import fitting
from shared.metadata.arrays import MISSING
from shared.metadata.formats import iter_paths
from shared.metadata.loading import Metadata, load_metadata
from shared.progress import Progress
from shared.records import Floats
from shared.training.corrections import corrected
from shared.training.fitting import reproducible
from shared.training.selection import SEED
from shared.training.stored import find_stored, load_stored
from shared.training.tags import load_tags

SCORED = tuple(f"{one.__tablename__}.sqlite" for one in (ZipScoreCache, ScoreCache))
"""Databases that stages 4 and 3 leave in an output folder."""
BATCH_IMAGES = 4096
POOL_PER_SUGGESTION = 20
"""So many times the pictures wanted are looked at for variety, the most uncertain ones."""


@dataclass(frozen=True, slots=True)
class SuggestionRequest:
    """What the user asked for.

    ``output`` is the folder in which training keeps what people said, and in which pictures that
    the metadata lacks are looked up; ``database`` is one that stage 3 or 4 wrote, in place of all.
    """

    metadata_json: Path
    tag_to_hash_json: Path
    tag: str
    models: Path
    output: Path
    database: Path | None
    count: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An unlabelled picture: the hash of its pixels, where it lies, and its score now."""

    hash_id: str
    file_path: str
    score: float


def suggestions(request: SuggestionRequest, progress: Progress) -> list[Suggestion]:
    """Choose the pictures to label next for one tag, the first of them first.

    Raises
    ------
    RunError
        Where an input is unusable, there is no classifier of the tag, or nothing is unlabelled.
    """
    attempts = Attempts()
    with attempts:
        metadata = load_metadata(request.metadata_json, request.output)
    with attempts:
        labelled = _labelled(request)
    with attempts:
        wanted = [] if request.database else _wanted(request)
    attempts.check()
    if request.database:
        found = _iter_stored(request, request.database)
    else:
        fit, _ = fitting(wanted, metadata, request.models)
        fused = fuse([one.estimator for one in fit])
        found = chain(
            _iter_scored(request, metadata, fused),
            _iter_lacking(request, metadata, fused, progress),
        )
    unlabelled = (one for one in found if one.hash_id not in labelled)
    size = request.count * POOL_PER_SUGGESTION
    pool = heapq.nsmallest(size, unlabelled, key=lambda one: abs(one.score - 0.5))
    known, note = _vectors(request, metadata, [one.hash_id for one in pool])
    pool = [one for one in pool if one.hash_id in known]
    vectors = [known[one.hash_id] for one in pool]
    if not pool:
        where = str(request.database or request.metadata_json)
        why = f"; {note}" if note else ""
        raise RunError(
            where, f"holds no unlabelled pictures for this tag{why}", "Add some, with vectors."
        )
    scores = np.array([one.score for one in pool])
    return [pool[at] for at in varied(np.stack(vectors), scores, request.count)]


def _labelled(request: SuggestionRequest) -> frozenset[str]:
    """Find the pictures that training knows the tag of, or that it is not theirs."""
    labels = load_labels(request.output / LABELS_FILE)
    tags = corrected(load_tags(request.tag_to_hash_json), labels).tags
    said = (one.hash_id for one in labels if one.tag == request.tag)
    return frozenset(chain(said, *tags.values()))


def _iter_scored(
    request: SuggestionRequest, metadata: Metadata, fused: FusedClassifiers
) -> Iterator[Suggestion]:
    """Score all pictures of the metadata; the mean, where the tag has several classifiers."""
    for some in iter_batches(iter_paths(request.metadata_json), BATCH_IMAGES):
        rows = metadata.rows([image_hash for image_hash, _ in some])
        usable = np.flatnonzero(rows >= 0)
        if not len(usable):
            continue
        scores = fused.score(metadata.vectors_of(rows[usable]).astype(np.float64)).mean(axis=1)
        for at, score in zip(usable, scores.tolist(), strict=True):
            hash_id, file_path = some[at]
            yield Suggestion(hash_id, file_path, score)


def _iter_lacking(
    request: SuggestionRequest, metadata: Metadata, fused: FusedClassifiers, progress: Progress
) -> Iterator[Suggestion]:
    """Score pictures that the metadata lacks and stage 3 or 4 has embedded into the output folder.

    Of each database those whose scores there are the most uncertain; they are scored anew, as those
    may be of earlier classifiers. Nobody has named it: one that cannot be used is told of.
    """
    seen: set[str] = set()
    for path in filter(Path.is_file, (request.output / name for name in SCORED)):
        try:
            paths = {one.hash_id: one.file_path for one in _iter_stored(request, path)}
            hashes = [one for one in paths if one not in seen]
            lacking = [hashes[at] for at in np.flatnonzero(metadata.rows(hashes) == MISSING)]
            stored = load_stored(path, metadata, lacking)
        except RunError as error:
            progress.say(f"{path} is not used: {error.found}")
            continue
        if stored.note:
            progress.say(stored.note)
        for some in iter_batches(stored.vectors.items(), BATCH_IMAGES):
            vectors = np.array([vector for _, vector in some], np.float64)
            scores = fused.score(vectors).mean(axis=1).tolist()
            for (hash_id, _), score in zip(some, scores, strict=True):
                yield Suggestion(hash_id, paths[hash_id], score)
        seen.update(stored.vectors)


def _wanted(request: SuggestionRequest) -> list[Classifier]:
    """Load the classifiers of the tag."""
    loaded, _ = load_classifiers(request.models)
    wanted = [one for one in loaded if one.tag == request.tag]
    if not wanted:
        known = ", ".join(sorted({one.tag for one in loaded})[:10])
        found = f"no classifier of the tag {request.tag!r}; there are {known}"
        raise RunError(str(request.models), found, "Train it first, or choose another --tag.")
    return wanted


def _iter_stored(request: SuggestionRequest, path: Path) -> Iterator[Suggestion]:
    """Take the scores that stage 3 or 4 left."""
    with open_given(path) as database:
        found = database.run(uncertain_rows, request.tag)
    yield from (Suggestion(*row) for row in found)


def _vectors(
    request: SuggestionRequest, metadata: Metadata, hashes: list[str]
) -> tuple[dict[str, Floats], str]:
    """Look vectors up in the metadata, then in databases; a note where those have none at all."""
    rows = metadata.rows(hashes)
    vectors = metadata.vectors_of(np.maximum(rows, 0)).astype(np.float64)
    found = {name: vectors[at] for at, name in enumerate(hashes) if rows[at] >= 0}
    missing = [name for name in hashes if name not in found]
    if request.database:
        stored = load_stored(request.database, metadata, missing)
    else:
        stored = find_stored([request.output], metadata, missing)
    made = {name: vector.astype(np.float64) for name, vector in stored.vectors.items()}
    return found | made, stored.note


def varied(vectors: Floats, scores: Floats, count: int) -> NDArray[np.intp]:
    """Choose one picture from the middle of each of ``count`` groups, the most uncertain first.

    The groups are those of k-means, in which a picture weighs as much as it is uncertain
    (F. Zhdanov, "Diverse mini-batch active learning", 2019). Where there are fewer groups, as many
    pictures being the same, the most uncertain ones are added.

    Parameters
    ----------
    vectors : ndarray of float64, shape (n_images, n_features)
        Compared by their direction.
    scores : ndarray of float64, shape (n_images,)
        P(tag); 0.5 is the most uncertain.
    count : int
        How many, at least 1; fewer come where there are fewer.

    Returns
    -------
    ndarray of int, shape (min(count, n_images),)
        Places in ``vectors``.
    """
    by_doubt = np.argsort(np.abs(scores - 0.5), kind="stable")
    if count == 1:
        return by_doubt[:1]
    middles = _middles(vectors, scores, min(count, len(scores)))
    ranked = np.concatenate([by_doubt[np.isin(by_doubt, middles)], by_doubt])
    _, first = np.unique(ranked, return_index=True)
    chosen = ranked[np.sort(first)][:count]
    return by_doubt[np.isin(by_doubt, chosen)]


def _middles(vectors: Floats, scores: Floats, count: int) -> NDArray[np.intp]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1)
    doubt = np.maximum(1 - np.abs(2 * scores - 1), np.finfo(np.float32).tiny)
    with reproducible():
        groups = KMeans(count, n_init=1, random_state=SEED).fit(directions, sample_weight=doubt)
    distances = np.linalg.norm(directions - groups.cluster_centers_[groups.labels_], axis=1)
    order = np.lexsort((distances, groups.labels_))
    _, first = np.unique(groups.labels_[order], return_index=True)
    return order[first]
