"""The frozen values that flow from step to step. They hold no connection, file or option parser."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import Fate

MEBIBYTE = 2**20
GIBIBYTE = 2**30

Floats: TypeAlias = NDArray[np.float64]

THRESHOLD_TARGETS: dict[str, float | None] = {
    "recommended": None,
    "precision_95": 0.95,
    "precision_90": 0.90,
    "precision_80": 0.80,
}
"""The thresholds that a classifier's file may tell, by their precision; the first is of best F1."""
THRESHOLD_NAMES = tuple(THRESHOLD_TARGETS)
NOVEL = 0.99
"""A novelty that is told of: one labelled picture in a hundred is as far from the others."""
ANY_NOVELTY = 1.0
"""No picture is more novel: what is decided up to it is decided for all."""
DECIDED = "decided"
"""Stands for a least score: where the tag is decided."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one input may cost. Each has an option of the same name on the command line.

    ``max_entries``, ``max_unpacked_bytes`` and ``max_ratio`` hold for a top archive, and for it
    with all that is nested in one of its entries; the ratio (unpacked to packed) counts only once
    more than 256 MiB are unpacked.
    """

    max_megapixels: float = 50
    max_member_bytes: int = 256 * MEBIBYTE
    max_entries: int = 100_000
    max_depth: int = 8
    max_unpacked_bytes: int = 32 * GIBIBYTE
    max_ratio: float = 50


@dataclass(frozen=True, slots=True)
class Container:
    """An archive on disk, or a folder, as it stands now; equal stamps mean unchanged content.

    ``location`` opens it, in the file system's own spelling; ``address`` is its `storable` name.
    ``stamp`` digests what tells a changed container without reading its members: of an archive
    its size, modification time and central directory; of a folder its files' names, sizes, times.
    ``n_entries`` is how many entries it declares, nested ones apart: for progress only.
    ``unreadable`` is why it could not be looked at, by which it may be as it was; else empty.
    ``device`` is the number of the disk that it lies on, 0 where that is not told.
    ``n_bytes`` is what the archive takes, or all files of the folder, as far as that can be told.
    """

    location: str
    address: str
    stamp: bytes
    n_entries: int
    unreadable: str = ""
    device: int = 0
    n_bytes: int = 0


EntryKey: TypeAlias = tuple[int, ...]
"""Index of an entry in the outermost container's listing, then in the nested archive's, ..."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is. All texts are `names.storable`.

    ``entry`` is unique in its container, and in the order in which members are yielded.
    ``address`` is unique in all the world, ``parent`` the address of what holds the entry directly,
    ``name`` its base name.
    """

    entry: EntryKey
    address: str
    parent: str
    name: str


HEAD_BYTES = 512
"""How much of a file tells what it is: a tar archive by its first header."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry that may be a picture, found but not read yet.

    ``head`` are its first bytes (`HEAD_BYTES` at most), ``size`` its declared size in bytes.
    ``read`` returns the whole content and raises `SkipError` where it cannot be had complete and
    sound; call it before asking for the next member.
    """

    place: Place
    size: int
    head: bytes
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that ends here, with its fate and, unless the fate says it all, the reason."""

    place: Place
    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Identity and facts of decoded pixels.

    ``hash_id`` digests the pixels alone and so can be the same for two sizes or modes of picture;
    ``(hash_id, mode, width, height)`` tells them apart.
    """

    hash_id: str
    mode: str
    width: int
    height: int
    format: str


JPEG, WEBP = "image/jpeg", "image/webp"


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A thumbnail, encoded; its media type is one of `JPEG` and `WEBP`."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class EmbedderName:
    """Which embedder made a vector, in the words of the metadata; vectors of two never mix.

    ``weights_sha256`` are 64 hex digits, and empty where there are no weights or nobody told.
    ``precision`` is one of `PRECISIONS`, or empty for numbers of 32 bits; these do mix.
    """

    embeddings_type: str
    model: str
    pretrained: str
    weights_sha256: str = ""
    precision: str = ""

    def __str__(self) -> str:
        words = (self.embeddings_type, self.model, self.pretrained)
        return " ".join(filter(None, (*words, self.weights_sha256, self.precision)))


PRECISIONS = ("bfloat16", "int8")
"""What is less than full precision, in falling order."""
LEAST = PRECISIONS[-1]


def serving_names(embedder: str) -> list[str]:
    """Names of the vectors that serve an embedder as its own, the preferred one first.

    What was computed in a higher precision serves a lower one, and not the other way.
    """
    full, _, last = embedder.rpartition(" ")
    if last not in PRECISIONS:
        return [embedder]
    n_serving = PRECISIONS.index(last) + 1
    return [full, *(f"{full} {precision}" for precision in PRECISIONS[:n_serving])]


def embedder_words(embedder: EmbedderName | str) -> str:
    """Spell an embedder's name for people: without the ``none`` of one that was not pretrained."""
    return str(embedder).removesuffix(" none")


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """What reading one entry gave: a picture, or the fate that kept it from being one.

    ``fate`` is PENDING where ``content_sha256``, ``picture`` and ``n_bytes`` are set. ``vector``
    is float32 (n_features,), set only where an embedder made it just now; ``was_decoded`` tells
    that the bytes had not been seen before.
    """

    place: Place
    fate: Fate
    reason: str = ""
    content_sha256: bytes | None = None
    picture: Picture | None = None
    n_bytes: int = 0
    vector: NDArray[np.float32] | None = None
    was_decoded: bool = False
