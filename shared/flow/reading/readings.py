"""Members into readings: bytes, digest, decoded picture, and a vector where one is wanted.

What is known from before is not done again: a file whose bytes have been seen is not decoded, a
picture that has a vector is not embedded. Nothing is written here but thumbnails, where wanted.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from shared.batching import iter_batches
from shared.errors import Fate, SkipError
from shared.flow.reading.thumbnails import ThumbnailMaker
from shared.hashing import content_digest
from shared.pictures.embedders.choosing import Embedder
from shared.pictures.kinds import check_is_picture
from shared.pictures.opening import open_picture
from shared.records import MEBIBYTE, Limits, Member, Picture, Reading, Skipped
from shared.sources.files import check_no_other_archive

MAX_BATCH_MEMBERS = 64
MAX_BATCH_BYTES = 64 * MEBIBYTE
MAX_EMBED_PIXELS = 16_000_000
"""Decoded pixels that wait for the embedder, twice: while some are embedded, the next are decoded.

One larger picture goes alone.
"""

Digests: TypeAlias = Sequence[bytes]


class SeenBefore(Protocol):
    """What has been done before, asked for a batch at a time by the SHA-256 of files' bytes."""

    def pictures(self, digests: Digests) -> Mapping[bytes, Picture]:
        """Return the facts of those pictures that have been decoded before."""

    def lacking(self, pictures: Mapping[bytes, Picture]) -> Collection[bytes]:
        """Return which of the pictures have no vector yet, in the metadata or the database."""


@dataclass(frozen=True, slots=True)
class _MemberBytes:
    member: Member
    content: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Decoded:
    reading: Reading
    image: Image | None = None

    @property
    def n_pixels(self) -> int:
        return self.image.width * self.image.height if self.image else 0


@dataclass(frozen=True, slots=True)
class _Decoding:
    """What decoding depends on, and what is made beside."""

    limits: Limits
    known: SeenBefore
    wants_vectors: bool
    thumbnails: ThumbnailMaker | None


def iter_readings(
    members: Iterable[Member | Skipped],
    limits: Limits,
    known: SeenBefore,
    embedder: Embedder | None,
    thumbnails: ThumbnailMaker | None = None,
) -> Iterator[Reading]:
    """Yield one reading per member, in their order.

    Parameters
    ----------
    members : iterable of Member or Skipped
        What a container yields.
    known : SeenBefore
        What need not be done again.
    embedder : Embedder or None
        Makes the vectors that are lacking; None where none shall be made.
    thumbnails : ThumbnailMaker or None
        Makes thumbnails of what is decoded; None where none shall be made.
    """
    loaded = (_load(member) for member in members)
    batches = iter_batches(loaded, MAX_BATCH_MEMBERS, MAX_BATCH_BYTES, _n_bytes)
    decoded = (
        one
        for batch in batches
        for one in _iter_decoded(batch, _Decoding(limits, known, embedder is not None, thumbnails))
    )
    groups = iter_batches(decoded, MAX_BATCH_MEMBERS, MAX_EMBED_PIXELS, lambda one: one.n_pixels)
    with ThreadPoolExecutor(1) as beside:
        begun: deque[tuple[Sequence[_Decoded], Future[NDArray[np.float32]]]] = deque()
        for group in groups:
            begun.append((group, _begun(group, embedder, beside)))
            while begun and (len(begun) > 1 or begun[0][1].done()):
                yield from _completed(*begun.popleft())
        for last in begun:
            yield from _completed(*last)


def _load(member: Member | Skipped) -> _MemberBytes | Reading:
    if isinstance(member, Skipped):
        return Reading(member.place, member.fate, member.reason)
    try:
        _check_kind(member.place.name, member.head)
        content = member.read()
    except SkipError as error:
        return _skipped(member, error)
    return _MemberBytes(member, content, content_digest(content))


def _check_kind(name: str, head: bytes) -> None:
    try:
        check_is_picture(name, head)
    except SkipError as error:
        if error.fate is not Fate.UNSUPPORTED_FORMAT:
            check_no_other_archive(name, head)
        raise


def _n_bytes(item: _MemberBytes | Reading) -> int:
    return len(item.content) if isinstance(item, _MemberBytes) else 0


def _iter_decoded(
    batch: Sequence[_MemberBytes | Reading], decoding: _Decoding
) -> Iterator[_Decoded]:
    known, limits = decoding.known, decoding.limits
    found = known.pictures([item.digest for item in batch if isinstance(item, _MemberBytes)])
    pictures = {digest: p for digest, p in found.items() if _is_within(p, limits)}
    lacking = known.lacking(pictures) if decoding.wants_vectors else ()
    for item in batch:
        if isinstance(item, Reading):
            yield _Decoded(item)
        elif item.digest in pictures and item.digest not in lacking:
            yield _Decoded(_reading(item, pictures[item.digest]))
        else:
            yield _decode(item, decoding)


def _decode(item: _MemberBytes, decoding: _Decoding) -> _Decoded:
    try:
        opened = open_picture(item.content, decoding.limits)
    except SkipError as error:
        return _Decoded(_skipped(item.member, error))
    reading = replace(_reading(item, opened.picture), was_decoded=True)
    if decoding.thumbnails:
        decoding.thumbnails.make(item.digest, opened)
    if decoding.wants_vectors and decoding.known.lacking({item.digest: opened.picture}):
        return _Decoded(reading, opened.image)
    return _Decoded(reading)


def _is_within(picture: Picture, limits: Limits) -> bool:
    return picture.width * picture.height <= limits.max_megapixels * 1e6


def _begun(
    group: Sequence[_Decoded], embedder: Embedder | None, beside: ThreadPoolExecutor
) -> Future[NDArray[np.float32]]:
    """Begin to embed the images of a group, or do it at once where no thread can be started."""
    images = [one.image for one in group if one.image is not None]
    if embedder and images:
        with suppress(RuntimeError):
            return beside.submit(embedder.embed, images)
    done: Future[NDArray[np.float32]] = Future()
    done.set_result(embedder.embed(images) if embedder and images else np.empty((0, 0), np.float32))
    return done


def _completed(group: Sequence[_Decoded], begun: Future[NDArray[np.float32]]) -> Iterator[Reading]:
    vectors = iter(begun.result())
    for one in group:
        yield one.reading if one.image is None else replace(one.reading, vector=next(vectors))


def _reading(item: _MemberBytes, picture: Picture) -> Reading:
    member = item.member
    return Reading(
        member.place,
        Fate.PENDING,
        content_sha256=item.digest,
        picture=picture,
        n_bytes=len(item.content),
    )


def _skipped(member: Member, error: SkipError) -> Reading:
    return Reading(member.place, error.fate, error.reason)
