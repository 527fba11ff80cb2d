"""Which pictures a tag learns from, and which are held out to judge what it has learnt.

A picture's rank, a digest of its hash, decides whether it is held out: the same in every run,
whatever the order of the files, and much the same pictures for all tags.
"""

import bisect
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.files import MAX_NAME_CHARACTERS
from shared.errors import Fate, RunError
from shared.metadata.arrays import BAD, MISSING
from shared.metadata.loading import Metadata
from shared.training.near import near_copies
from shared.training.tags import NO_TAGS, OTHER_TRAINING, OTHER_VALIDATION, TagLists

SEED = 0
MIN_TO_LEARN = 2
"""Calibration puts each picture aside once, and needs one of its side left to learn from."""
N_NAMED = 3
Mask = NDArray[np.bool_]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """Pictures with their labels, in the order of their hashes.

    ``rows`` (n_images,) are places in the metadata's vectors; ``labels`` (n_images,) are 0 for
    the tag and 1 for other, as the classes of the classifiers. Near copies are of one of the
    ``groups`` (n_images,); None where there are none.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    @property
    def n_near_copies(self) -> int:
        """How many are near copies of another one here."""
        return 0 if self.groups is None else len(self.groups) - len(np.unique(self.groups))

    def count(self, label: int) -> int:
        """How many pictures have a label."""
        return int((self.labels == label).sum())


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """What one tag is trained on and judged by; no picture is in both."""

    tag: str
    learnt: Labelled
    held_out: Labelled


@dataclass(frozen=True, slots=True)
class SkippedTag:
    """A tag that cannot be trained, and why, in one sentence without its name."""

    tag: str
    reason: str


@dataclass(frozen=True, eq=False, slots=True)
class Collection:
    """All pictures that have a tag, by image hash in sorted order.

    ``rows`` (n_images,) are their places in the vectors, or MISSING or BAD; ``ranks`` order them
    for holding out; ``members`` are masks (n_images,) of each tag, `NO_TAGS` included, ``denied``
    of the pictures that a person has said not to have a tag; ``tagged`` is that of all tags.
    ``groups`` (n_images,) are the same for near copies, whose ranks follow each other; None where
    there are none.
    """

    hashes: tuple[str, ...]
    rows: NDArray[np.int64]
    ranks: NDArray[np.int64]
    members: dict[str, Mask]
    denied: dict[str, Mask]
    tagged: Mask
    groups: NDArray[np.int64] | None = None

    @property
    def tags(self) -> list[str]:
        """The tags to train, sorted."""
        return sorted(self.members.keys() - NO_TAGS)

    def tags_of(self, image_hash: str) -> list[str]:
        """Tags of one of the pictures, sorted."""
        at = bisect.bisect_left(self.hashes, image_hash)
        return [tag for tag in self.tags if self.members[tag][at]]

    def iter_losses(self) -> Iterator[str]:
        """Yield a sentence for each tag some of whose pictures, or of those denied it, are lost."""
        for tag, members in self.members.items():
            mask = members | self.denied[tag] if tag in self.denied else members
            lost = mask & (self.rows < 0)
            if lost.any():
                causes = {"not in the metadata": MISSING, "with a bad vector": BAD}
                counts = {
                    cause: int((self.rows[lost] == row).sum()) for cause, row in causes.items()
                }
                why = ", ".join(f"{count} {cause}" for cause, count in counts.items() if count)
                names = [f"{self.hashes[at][:16]}…" for at in np.flatnonzero(lost)[:N_NAMED]]
                rest = ", …" if lost.sum() > N_NAMED else ""
                yield (
                    f"{tag}: {lost.sum()} of {mask.sum()} images are left out ({why}): "
                    + ", ".join(names)
                    + rest
                )

    def iter_lost(self) -> Iterator[tuple[str, Fate, str]]:
        """Yield hash, fate and reason of each picture that is lost."""
        fates = {MISSING: Fate.NO_EMBEDDING, BAD: Fate.BAD_VECTOR}
        causes = {MISSING: "not in the metadata", BAD: "with a bad vector there"}
        tags = defaultdict(set)
        for tag, mask in (*self.members.items(), *self.denied.items()):
            for at in np.flatnonzero(mask & (self.rows < 0)).tolist():
                tags[at].add(tag)
        for at, of in sorted(tags.items()):
            row = int(self.rows[at])
            yield (
                self.hashes[at],
                fates[row],
                f"{causes[row]}; labelled for {', '.join(sorted(of))}",
            )

    def selection(self, tag: str, held_out_share: float) -> Selection | SkippedTag:
        """Decide what a tag learns from; skip it where that is too little."""
        if not 0 < len(tag) <= MAX_NAME_CHARACTERS:
            allowed = f"1 to {MAX_NAME_CHARACTERS} are allowed"
            return SkippedTag(tag, f"its name has {len(tag)} characters, {allowed}")
        positive = self._usable(tag)
        validation = self._usable(OTHER_VALIDATION) & ~self.members[tag]
        negative = self._negatives(tag) & ~self._usable(OTHER_VALIDATION)
        needed = MIN_TO_LEARN + (held_out_share > 0)
        for mask, which in ((positive, "with it"), (negative, "without it")):
            if mask.sum() < needed:
                return SkippedTag(tag, _too_few(int(mask.sum()), which, needed))
        held = self._held_out(positive, held_out_share) | self._held_out(negative, held_out_share)
        judged = held | validation if held_out_share else held
        return Selection(
            tag,
            self._labelled((positive | negative) & ~held, positive),
            self._labelled(judged, positive),
        )

    def _negatives(self, tag: str) -> Mask:
        others = self._usable(OTHER_TRAINING)
        if not others.any():
            others = self.tagged & (self.rows >= 0)
        if tag in self.denied:
            others = others | (self.denied[tag] & (self.rows >= 0))
        return others & ~self.members[tag]

    def _usable(self, tag: str) -> Mask:
        mask = self.members.get(tag)
        return np.zeros(len(self.rows), np.bool_) if mask is None else mask & (self.rows >= 0)

    def _held_out(self, mask: Mask, share: float) -> Mask:
        places = np.flatnonzero(mask)
        held = np.zeros_like(mask)
        if share:
            count = min(max(1, round(len(places) * share)), len(places) - MIN_TO_LEARN)
            ranked = places[np.argsort(self.ranks[places])]
            held[ranked[: self._whole(ranked, count)]] = True
        return held

    def _whole(self, ranked: NDArray[np.intp], count: int) -> int:
        """Let a number of pictures grow until no near copies are parted, if enough are left."""
        if self.groups is None:
            return count
        groups = self.groups[ranked]
        ends = np.flatnonzero(np.append(groups[1:] != groups[:-1], True)) + 1
        whole = int(ends[np.searchsorted(ends, count)])
        return whole if whole <= len(ranked) - MIN_TO_LEARN else count

    def _labelled(self, mask: Mask, positive: Mask) -> Labelled:
        groups = None if self.groups is None else self.groups[mask]
        return Labelled(self.rows[mask], (~positive[mask]).astype(np.int64), groups)


def collected(tags: TagLists, metadata: Metadata, denied: TagLists | None = None) -> Collection:
    """Look up all tagged pictures in the metadata, and those that are denied a tag."""
    denied = denied or {}
    lists = (*tags.values(), *denied.values())
    hashes = sorted({image_hash for listed in lists for image_hash in listed})
    rows = metadata.rows(hashes)
    places = {image_hash: place for place, image_hash in enumerate(hashes)}
    digests = [
        hashlib.blake2b(f"{SEED}:{one}".encode("utf-8", "surrogatepass")).digest() for one in hashes
    ]
    ranks = np.empty(len(hashes), np.int64)
    ranks[sorted(range(len(hashes)), key=digests.__getitem__)] = np.arange(len(hashes))
    members = _masks(tags, places)
    tagged = np.zeros(len(hashes), np.bool_)
    for tag in members.keys() - NO_TAGS:
        tagged |= members[tag]
    return Collection(tuple(hashes), rows, ranks, members, _masks(denied, places), tagged)


def check_vectors(
    collection: Collection, metadata: Metadata, stored: Mapping[str, Vectors], where: Path
) -> None:
    """See that any picture has a vector, in the metadata or among those of `completed`.

    Raises
    ------
    RunError
        Where none has.
    """
    if not stored and not (collection.rows >= 0).any():
        raise _nothing_found(list(collection.members), metadata, where)


def completed(
    collection: Collection, metadata: Metadata, stored: Mapping[str, Vectors]
) -> tuple[Collection, Vectors]:
    """Read the vectors that a collection needs; give those that are stored elsewhere to the rest.

    Parameters
    ----------
    collection : Collection
        Its ``rows`` are places in the metadata.
    metadata : Metadata
        Where they come from.
    stored : mapping of str to ndarray of float32, shape (n_features,)
        Other vectors of the same embedder by image hash, for pictures that the metadata lacks.

    Returns
    -------
    Collection, ndarray of float32, shape (n_vectors, n_features)
        The collection with places in these vectors, which are those that it needs, and its near
        copies.
    """
    hashes = np.array(collection.hashes, np.object_)
    known = np.flatnonzero(collection.rows >= 0)
    lacking = np.flatnonzero(collection.rows == MISSING)
    added = [at for at in lacking.tolist() if hashes[at] in stored]
    rows = collection.rows.copy()
    rows[[*known, *added]] = np.arange(len(known) + len(added))
    vectors = metadata.vectors_of(collection.rows[known])
    if added:
        vectors = np.concatenate([vectors, [stored[hashes[at]] for at in added]])
    return _grouped(replace(collection, rows=rows), vectors), vectors


def _grouped(collection: Collection, vectors: Vectors) -> Collection:
    """Find near copies, and let their ranks follow that of the first of them."""
    leaders = near_copies(vectors)
    if (leaders == np.arange(len(leaders))).all():
        return collection
    known = collection.rows >= 0
    groups = -1 - np.arange(len(collection.rows))
    groups[known] = leaders[collection.rows[known]]
    _, members = np.unique(groups, return_inverse=True)
    first = np.full(members.max() + 1, len(groups))
    np.minimum.at(first, members, collection.ranks)
    ranks = np.empty_like(collection.ranks)
    ranks[np.lexsort((collection.ranks, first[members]))] = np.arange(len(ranks))
    return replace(collection, groups=groups, ranks=ranks)


def _masks(lists: TagLists, places: dict[str, int]) -> dict[str, Mask]:
    masks = {tag: np.zeros(len(places), np.bool_) for tag in lists}
    for tag, listed in lists.items():
        masks[tag][[places[image_hash] for image_hash in listed]] = True
    return masks


def _nothing_found(tags: Sequence[str], metadata: Metadata, where: Path) -> RunError:
    if (metadata.rows(tags) >= 0).any():
        return RunError(
            str(where),
            "lists tags under image hashes; needed is the other way round",
            "Give input-tag-to-image-hash-list.json.",
        )
    return RunError(
        str(where),
        f"none of its images has a usable vector in {metadata.path}",
        "Give the two files that one run of stage 1 wrote.",
    )


def _too_few(count: int, which: str, needed: int) -> str:
    images = "image" if count == 1 else "images"
    held_out = " and one to hold out" if needed > MIN_TO_LEARN else ""
    return f"{count} {images} {which}; {needed} are needed, two to calibrate with{held_out}"
