"""The first load: the entries of a metadata file, read once from front to back, into a sidecar.

Vectors go to its file as they come; of each entry only some 30 bytes stay in memory.
"""

import struct
from typing import BinaryIO

import numpy as np

from shared.metadata.entries import KEYS, Entry, Flaw, iter_checked
from shared.metadata.formats import iter_pairs
from shared.metadata.layout import HEADER_BYTES, body_digest, checksum, write_arrays
from shared.metadata.lookup import key_digest
from shared.metadata.settling import CONTENT, ENTRY, Settled, settled
from shared.metadata.sidecar import Header, Sidecar, mapped_sidecar, stamp
from shared.metadata.source import MAKE_IT, Source
from shared.records import EmbedderName, embedder_words

_ENTRY = struct.Struct("<16sIiiB")
_CONTENT = struct.Struct("<q32s64s8s8sii")


class _Notes:
    """What is kept of each entry besides its vector."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._entries = bytearray()
        self._contents = bytearray()
        self._first_flaw = Flaw.NONE
        self.embedder: EmbedderName | None = None

    def add(self, key: str, entry: Entry) -> None:
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
        if not result.counts.n_images:
            reason = f" ({self._first_flaw.reason(0, 0)})" if len(entries) else ""
            found = f"none of its {len(entries):,} entries has a usable vector{reason}"
            raise self._source.refusal(found, MAKE_IT)
        return result

    def _meet(self, embedder: EmbedderName) -> None:
        if self.embedder is not None:
            one, other = embedder_words(self.embedder), embedder_words(embedder)
            found = f"mixes vectors of two embedders, {one} and {other}"
            raise self._source.refusal(found, "Keep one metadata file for each embedder.")
        self.embedder = embedder


def built_sidecar(source: Source, file: BinaryIO) -> Sidecar:
    """Read the source into an empty file and map that.

    Raises
    ------
    RunError
        Where the source cannot be read or used.
    OSError
        Where the file cannot be written.
    """
    notes = _written_vectors(source, file)
    result = notes.settled()
    _close_gaps(file, result)
    write_arrays(file, result.counts, result.arrays)
    source.check_unchanged()
    digest = body_digest(file, repr((result.counts, notes.embedder)).encode())
    header = Header(stamp(source.status), digest, notes.embedder, result.counts, checksum(file))
    file.seek(0)
    file.write(header.encoded())
    file.flush()
    return mapped_sidecar(file, header)


def _written_vectors(source: Source, file: BinaryIO) -> _Notes:
    notes = _Notes(source)
    file.write(bytes(HEADER_BYTES))
    for key, entry in iter_checked(iter_pairs(source, KEYS)):
        notes.add(key, entry)
        file.write(entry.vector)
    return notes


def _close_gaps(file: BinaryIO, result: Settled) -> None:
    """Move rows up over the vectors that have no row: of another width, or superseded."""
    n_bytes = 4 * result.counts.n_features
    places = n_bytes * np.arange(result.counts.n_images)
    for row in np.flatnonzero(places != result.sources):
        file.seek(HEADER_BYTES + int(result.sources[row]))
        vector = file.read(n_bytes)
        file.seek(HEADER_BYTES + int(places[row]))
        file.write(vector)
