"""Which unlabelled pictures are most worth a label next: uncertain or novel ones, not all alike.

Nothing is learnt here: classifiers that are there already tell how uncertain a picture is, and
vectors, how unlike it is to what is labelled.
"""

import heapq
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from shared.batching import iter_batches
from shared.classifiers.estimators import Classifier
from shared.classifiers.fused.fusing import FusedClassifiers, fuse
from shared.classifiers.loading import load_classifiers
from shared.database.engine import DatabasePlace, open_given, spelled_place
from shared.database.labels import LABELS_FILE, load_labels
from shared.database.scores import novel_rows, uncertain_rows
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import Attempts, RunError
from shared.flow.inputs import fitting
from shared.flow.novelty import MAX_LABELLED, Reference, spread_evenly, unit_vectors
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
"""So many times the pictures wanted are looked at for variety, the most uncertain or novel ones."""
Vectors: TypeAlias = NDArray[np.float32]
By: TypeAlias = Literal["doubt", "novelty"]


@dataclass(frozen=True, slots=True)
class SuggestionRequest:
    """What the user asked for.

    ``output`` is the folder in which training keeps what people said, and in which pictures that
    the metadata lacks are looked up; ``database`` is one that stage 3 or 4 wrote, in place of all.
    ``by`` says for what a picture is suggested.
    """

    metadata_json: Path
    tag_to_hash_json: Path
    tag: str
    models: Path
    output: Path
    database: DatabasePlace | None
    count: int
    by: By = "doubt"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An unlabelled picture: the hash of its pixels, where it lies, and its score now.

    ``novelty`` tells how unlike it is to what is labelled now, where that is known.
    """

    hash_id: str
    file_path: str
    score: float
    novelty: float | None = field(default=None, compare=False)


class _Candidate(NamedTuple):
    """What may be suggested, and its vector, float32 (n_features,)."""

    suggestion: Suggestion
    vector: Vectors


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
    reference = _reference(request, metadata, labelled)
    notes: list[str] = []
    if request.database:
        found = _iter_stored(request, metadata, labelled, notes)
    else:
        fit, _ = fitting(wanted, metadata, request.models)
        fused = fuse([one.estimator for one in fit])
        found = chain(
            _iter_scored(request, metadata, fused),
            _iter_lacking(request, metadata, fused, progress),
        )
    unlabelled = (one for one in found if one.suggestion.hash_id not in labelled)
    if request.by == "doubt":
        chosen = _unsure(unlabelled, request.count)
    else:
        chosen = _unlike(unlabelled, reference, request.count)
    if not chosen:
        where = spelled_place(request.database or request.metadata_json)
        why = f"; {notes[0]}" if notes else ""
        raise RunError(
            where, f"holds no unlabelled pictures for this tag{why}", "Add some, with vectors."
        )
    if reference is None:
        return [one for one, _ in chosen]
    distances = reference.distances(np.stack([vector for _, vector in chosen]))
    novelties = reference.novelties(distances).tolist()
    return [
        replace(one, novelty=novelty) for (one, _), novelty in zip(chosen, novelties, strict=True)
    ]


def _unsure(candidates: Iterable[_Candidate], count: int) -> list[_Candidate]:
    pool = heapq.nsmallest(
        count * POOL_PER_SUGGESTION, candidates, key=lambda one: abs(one.suggestion.score - 0.5)
    )
    if not pool:
        return []
    scores = np.array([one.suggestion.score for one in pool])
    vectors = np.stack([one.vector for one in pool]).astype(np.float64)
    return [pool[at] for at in varied(vectors, scores, count)]


def _unlike(
    candidates: Iterable[_Candidate], reference: Reference | None, count: int
) -> list[_Candidate]:
    """Choose what is farthest from all that is labelled, and from each other."""
    if reference is None:
        raise RunError("--by=novelty", "nothing that is labelled has a vector", "Label some first.")
    pool: list[tuple[float, _Candidate]] = []
    for some in iter_batches(candidates, BATCH_IMAGES):
        distances = reference.distances(np.stack([one.vector for one in some])).tolist()
        ranked = [*pool, *zip(distances, some, strict=True)]
        pool = heapq.nlargest(count * POOL_PER_SUGGESTION, ranked, key=itemgetter(0))
    if not pool:
        return []
    vectors = np.stack([one.vector for _, one in pool])
    near = np.array([1 - distance for distance, _ in pool], np.float32)
    order = farthest_first(unit_vectors(vectors), near, count)
    return [pool[at][1] for at in order]


def _reference(
    request: SuggestionRequest, metadata: Metadata, labelled: Collection[str]
) -> Reference | None:
    """Find the vectors of what is labelled; None where there are none."""
    hashes = sorted(labelled)
    hashes = [hashes[at] for at in spread_evenly(len(hashes), MAX_LABELLED)]
    rows = metadata.rows(hashes)
    stored = find_stored(
        [request.output], metadata, [hashes[at] for at in np.flatnonzero(rows == MISSING)]
    )
    found = [*metadata.vectors_of(rows[rows >= 0]), *stored.vectors.values()]
    return Reference(np.stack(found)) if found else None


def _labelled(request: SuggestionRequest) -> frozenset[str]:
    """Find the pictures that training knows the tag of, or that it is not theirs."""
    labels = load_labels(request.output / LABELS_FILE)
    tags = corrected(load_tags(request.tag_to_hash_json), labels).tags
    said = (one.hash_id for one in labels if one.tag == request.tag)
    return frozenset(chain(said, *tags.values()))


def _iter_scored(
    request: SuggestionRequest, metadata: Metadata, fused: FusedClassifiers
) -> Iterator[_Candidate]:
    """Score all pictures of the metadata; the mean, where the tag has several classifiers."""
    for some in iter_batches(iter_paths(request.metadata_json), BATCH_IMAGES):
        rows = metadata.rows([image_hash for image_hash, _ in some])
        usable = np.flatnonzero(rows >= 0)
        if not len(usable):
            continue
        vectors = metadata.vectors_of(rows[usable])
        scores = fused.score(vectors.astype(np.float64)).mean(axis=1)
        for at, score, vector in zip(usable, scores.tolist(), vectors, strict=True):
            yield _Candidate(Suggestion(*some[at], score), vector.copy())  # a view holds all of it


def _iter_lacking(
    request: SuggestionRequest, metadata: Metadata, fused: FusedClassifiers, progress: Progress
) -> Iterator[_Candidate]:
    """Score pictures that the metadata lacks and stage 3 or 4 has embedded into the output folder.

    Of each database those that were the most uncertain there, or novel; they are scored anew, as
    scores may be of earlier classifiers. Nobody has named it: one that cannot be used is told of.
    """
    seen: set[str] = set()
    for path in filter(Path.is_file, (request.output / name for name in SCORED)):
        try:
            paths = {one.hash_id: one.file_path for one in _stored_rows(request, path)}
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
            for (hash_id, vector), score in zip(some, scores, strict=True):
                yield _Candidate(Suggestion(hash_id, paths[hash_id], score), vector)
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


def _stored_rows(request: SuggestionRequest, place: DatabasePlace) -> list[Suggestion]:
    """Take the scores that stage 3 or 4 left."""
    rows = uncertain_rows if request.by == "doubt" else novel_rows
    with open_given(place) as database:
        return [Suggestion(*row) for row in database.run(rows, request.tag)]


def _iter_stored(
    request: SuggestionRequest, metadata: Metadata, labelled: Container[str], notes: list[str]
) -> Iterator[_Candidate]:
    """Take them with their vectors, from the metadata or from there; note why there are none."""
    assert request.database
    rows = [one for one in _stored_rows(request, request.database) if one.hash_id not in labelled]
    for some in iter_batches(rows, BATCH_IMAGES):
        hashes = [one.hash_id for one in some]
        places = metadata.rows(hashes)
        stored = load_stored(
            request.database, metadata, [hashes[at] for at in np.flatnonzero(places < 0)]
        )
        notes += [stored.note] if stored.note else []
        known = iter(metadata.vectors_of(places[places >= 0]))
        for one, place in zip(some, places.tolist(), strict=True):
            if place >= 0:
                yield _Candidate(one, next(known))
            elif one.hash_id in stored.vectors:
                yield _Candidate(one, stored.vectors[one.hash_id])


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


def farthest_first(vectors: Vectors, near: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Order pictures so that each is as unlike as can be to what is known, and to those before.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_images, n_features)
        Of length 1 each.
    near : ndarray of float32, shape (n_images,)
        Cosine to the most alike of what is known.
    count : int
        How many are wanted.

    Returns
    -------
    ndarray of int, shape (min(count, n_images),)
        Places in ``vectors``.
    """
    nearest = near.copy()
    order = np.empty(min(count, len(near)), np.intp)
    for at in range(len(order)):
        order[at] = chosen = int(np.argmin(nearest))
        np.maximum(nearest, vectors @ vectors[chosen], out=nearest)
        nearest[chosen] = np.inf
    return order
