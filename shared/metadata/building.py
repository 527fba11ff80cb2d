"""The first load: the entries of a metadata file, read once from front to back, into an index.

Vectors go to its file as they come; of each entry only some 30 bytes stay in memory. Of equal keys
the last one counts, as in every JSON reader. The width of vectors is the one that most of them have
(the smaller one of two that are equally frequent), so that no single entry, wherever it stands, can
make the others bad.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from shared.metadata.arrays import (
    BAD,
    PICTURE,
    Arrays,
    Words,
    equals_next,
    key_digest,
    sorting,
)
from shared.metadata.entries import KEYS, CheckedEntry, Flaw, iter_checked
from shared.metadata.formats import iter_pairs
from shared.metadata.index import (
    KINDS,
    VECTORS_AT,
    Facts,
    Index,
    completed_index,
    iter_blocks,
    stamp,
)
from shared.metadata.opening import MAKE_IT, MetadataFile
from shared.records import EmbedderName, embedder_words

_ENTRY = struct.Struct("<16sIiiB")
_CONTENT = struct.Struct("<q32s64s8s8sii")
ENTRY = np.dtype([("key", "<u8", 2), ("length", "<u4"), ("size", "<i4", 2), ("flaw", "u1")])
CONTENT = np.dtype([("entry", "<i8"), ("digest", "<u8", 4), ("picture", PICTURE)])


@dataclass(frozen=True, slots=True)
class Settled:
    """The arrays of an index without its vectors.

    ``sources`` (n_images,) are where each row stands, in bytes, in the sound vectors of all entries
    as they were written one after another.
    """

    n_features: int
    arrays: Arrays
    sources: NDArray[np.int64]


def built_index(opened: MetadataFile, file: BinaryIO, path: Path) -> Index:
    """Read a metadata file into an empty file, which is to be found at ``path`` later on.

    Raises
    ------
    RunError
        Where the metadata file cannot be read or used.
    OSError
        Where the file cannot be written.
    """
    notes = _written_vectors(opened, file)
    result = notes.settled()
    _close_gaps(file, result)
    opened.check_unchanged()
    digest = _digest(file, result, notes.embedder)
    facts = Facts(stamp(opened.status), digest, notes.embedder, result.n_features)
    return completed_index(file, path, facts, result.arrays)


class _Notes:
    """What is kept of each entry besides its vector."""

    def __init__(self, opened: MetadataFile) -> None:
        self._opened = opened
        self._entries = bytearray()
        self._contents = bytearray()
        self._first_flaw = Flaw.NONE
        self.embedder: EmbedderName | None = None

    def add(self, key: str, entry: CheckedEntry) -> None:
        """Note one more entry."""
        if entry.content is not None:
            digest, picture = entry.content
            texts = bytes.fromhex(key), picture.mode.encode(), picture.format.encode()
            n_entries = len(self._entries) // _ENTRY.size
            self._contents += _CONTENT.pack(n_entries, digest, *texts, *entry.size)
        if entry.embedder is not None and entry.embedder != self.embedder:
            self._meet(entry.embedder)
        self._first_flaw = self._first_flaw or entry.flaw
        n_features = len(entry.vector) // 4
        self._entries += _ENTRY.pack(key_digest(key), n_features, *entry.size, entry.flaw)

    def settled(self) -> Settled:
        """Settle them; at least one must have a vector."""
        entries = np.frombuffer(self._entries, ENTRY)
        result = settled(entries, np.frombuffer(self._contents, CONTENT))
        if not len(result.sources):
            reason = f" ({self._first_flaw.reason(0, 0)})" if len(entries) else ""
            found = f"none of its {len(entries):,} entries has a usable vector{reason}"
            raise self._opened.refusal(found, MAKE_IT)
        return result

    def _meet(self, embedder: EmbedderName) -> None:
        if self.embedder is not None and _full(self.embedder) != _full(embedder):
            one, other = embedder_words(self.embedder), embedder_words(embedder)
            found = f"mixes vectors of two embedders, {one} and {other}"
            raise self._opened.refusal(found, "Keep one metadata file for each embedder.")
        if self.embedder is None or embedder.precision:
            self.embedder = embedder


def _full(embedder: EmbedderName) -> EmbedderName:
    """Name the same weights, whatever the precision: their vectors may stand in one file."""
    return replace(embedder, precision="")


def _written_vectors(opened: MetadataFile, file: BinaryIO) -> _Notes:
    notes = _Notes(opened)
    file.write(bytes(VECTORS_AT))
    for key, entry in iter_checked(iter_pairs(opened, KEYS)):
        notes.add(key, entry)
        file.write(entry.vector)
    return notes


def _close_gaps(file: BinaryIO, result: Settled) -> None:
    """Move rows up over the vectors that have no row: of another width, or superseded."""
    n_bytes = 4 * result.n_features
    places = n_bytes * np.arange(len(result.sources))
    for row in np.flatnonzero(places != result.sources):
        file.seek(VECTORS_AT + int(result.sources[row]))
        vector = file.read(n_bytes)
        file.seek(VECTORS_AT + int(places[row]))
        file.write(vector)


def _digest(file: BinaryIO, result: Settled, embedder: EmbedderName | None) -> bytes:
    """SHA-256 of what is told, which does not depend on how it is kept."""
    shapes = [(name, array.shape) for name, array in result.arrays.items()]
    digest = hashlib.sha256(repr((result.n_features, shapes, embedder)).encode())
    end = VECTORS_AT + 4 * result.n_features * len(result.sources)
    for block in iter_blocks(file, VECTORS_AT, end):
        digest.update(block)
    for name, kind in KINDS.items():
        digest.update(result.arrays[name].astype(kind).tobytes())
    return digest.digest()


def settled(entries: NDArray[np.void], contents: NDArray[np.void]) -> Settled:
    """Settle a file's entries.

    Parameters
    ----------
    entries : ENTRY (n_entries,)
        In the file's order; ``length`` is 0 where there is a flaw.
    contents : CONTENT (n_contents,)
        Files whose pictures are known; ``entry`` is the place in ``entries`` that tells it.

    Returns
    -------
    Settled
        Rows are numbered in the file's order.
    """
    order = _last_of_each_key(entries["key"].T)
    lengths, flaws = entries["length"][order], entries["flaw"][order]
    n_features = _usual_width(lengths[flaws == Flaw.NONE])
    flaws[(flaws == Flaw.NONE) & (lengths != n_features)] = Flaw.WIDTH
    has_row = np.zeros(len(entries), bool)
    has_row[order] = flaws == Flaw.NONE
    numbers = np.cumsum(has_row) - 1
    digests, pictures = _agreed(contents[np.isin(contents["entry"], order)])
    arrays: Arrays = {
        "sizes": entries["size"][has_row],
        "keys": np.ascontiguousarray(entries["key"][order].T),
        "rows": np.where(flaws == Flaw.NONE, numbers[order], BAD),
        "lengths": lengths,
        "flaws": flaws,
        "contents": digests,
        "pictures": pictures,
    }
    ends = np.cumsum(entries["length"], dtype=np.int64)
    sources = 4 * (ends - entries["length"])[has_row]
    return Settled(n_features, arrays, sources)


def _last_of_each_key(keys: Words) -> NDArray[np.intp]:
    order = sorting(keys)
    return order[~equals_next(keys[:, order])]


def _usual_width(lengths: NDArray[np.uint32]) -> int:
    widths, frequencies = np.unique(lengths, return_counts=True)
    return int(widths[frequencies.argmax()]) if len(widths) else 0


def _agreed(contents: NDArray[np.void]) -> tuple[Words, NDArray[np.void]]:
    """Drop files of which two entries claim different pictures: one of them must be wrong."""
    digests = contents["digest"].T
    order = sorting(digests)
    digests = np.ascontiguousarray(digests[:, order])
    equal = equals_next(digests)
    alone = ~equal & ~np.roll(equal, 1)
    return np.ascontiguousarray(digests[:, alone]), contents["picture"][order][alone]
