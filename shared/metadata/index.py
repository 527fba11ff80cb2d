"""The index of vectors: a metadata file in a form that is mapped, not parsed.

It lies beside the JSON as ``.<name>.vectors``, or in the cache folder where that is read-only, and
may be deleted at any time. It counts only for the very file it was made from, unchanged.
"""

import hashlib
import io
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson

from shared.metadata.arrays import BAD, HEADER_BYTES, Arrays, Counts, arrays_in, checksum
from shared.metadata.entries import Flaw
from shared.records import EmbedderName
from shared.regular_files import open_regular

MAGIC = b"image vectors 1\n"
FINE_TICK_NS = 100_000_000
COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Header:
    """What an index says of itself; ``stamp`` is the JSON's, ``digest`` is `Metadata.digest`."""

    stamp: str
    digest: bytes
    embedder: EmbedderName | None
    counts: Counts
    checksum: int

    def encoded(self) -> bytes:
        """Bytes for the front of the file, `HEADER_BYTES` of them."""
        fields = orjson.dumps(self, default=bytes.hex)
        body = fields.ljust(HEADER_BYTES - len(MAGIC) - _DIGEST_BYTES)
        return MAGIC + hashlib.sha256(body).digest() + body


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a metadata file, mapped, or held in memory where none can be written."""

    header: Header
    arrays: Arrays


def index_paths(path: Path, cache_folder: Path) -> tuple[Path, Path]:
    """Where the index of ``path`` may lie, best first."""
    whole = path.resolve()
    distinction = hashlib.sha256(os.fsencode(whole)).hexdigest()[:32]
    return whole.with_name(f".{whole.name}.vectors"), cache_folder / f".{distinction}.vectors"


def stamp(status: os.stat_result) -> str:
    """Tell one state of one file from any other, without reading it."""
    facts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return " ".join(map(str, facts))


def is_racy(status: os.stat_result, now_ns: int) -> bool:
    """Whether the file could change again, after ``now_ns``, without its times changing.

    That is git's "racily clean": a clock that ticks shows one time for two changes in one tick.
    Whole seconds mean a file system that keeps no more (FAT keeps even ones); others tick with
    the kernel, every 10 ms at the slowest. The modification time can be set to any, so one that
    is still to come says nothing.
    """
    tick_ns = COARSE_TICK_NS if status.st_ctime_ns % _SECOND_NS == 0 else FINE_TICK_NS
    is_just_written = 0 <= now_ns - status.st_mtime_ns < tick_ns
    return is_just_written or now_ns - status.st_ctime_ns < tick_ns


def trusted_index(path: Path, json_stamp: str) -> Index | None:
    """Map the index at ``path``; None where there is none, or it is damaged or of another file.

    A stranger may have sent it along: nothing in it is run, and each size is checked.
    """
    try:
        with open_regular(path, ours=True) as file:
            header = _decoded(file.read(HEADER_BYTES))
            if header is None or header.stamp != json_stamp or not _is_whole(file, header):
                return None
            return _checked(mapped_index(file, header))
    except (OSError, ValueError):  # ValueError: it shrinks as we look
        return None


def mapped_index(file: BinaryIO, header: Header) -> Index:
    """Map a file, or what is in memory in its place, that is as long as its header says."""
    if isinstance(file, io.BytesIO):
        content = file.getbuffer().toreadonly()
    else:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return Index(header, arrays_in(content, header.counts))


def _is_whole(file: BinaryIO, header: Header) -> bool:
    n_bytes = os.fstat(file.fileno()).st_size
    return n_bytes == header.counts.n_bytes() and checksum(file) == header.checksum


def _checked(kept: Index) -> Index | None:
    """Refuse a forged one that would make us look outside of its arrays."""
    rows, flaws = kept.arrays["rows"], kept.arrays["flaws"]
    is_sound = bool(
        np.all(rows >= BAD)
        and np.all(rows < kept.header.counts.n_images)
        and np.all(flaws < len(Flaw))
    )
    return kept if is_sound else None


def _decoded(head: bytes) -> Header | None:
    magic, rest = head[: len(MAGIC)], head[len(MAGIC) :]
    digest, body = rest[:_DIGEST_BYTES], rest[_DIGEST_BYTES:]
    if magic != MAGIC or hashlib.sha256(body).digest() != digest:
        return None
    try:
        fields = orjson.loads(body)
        counts = Counts(**fields["counts"])
        if not counts.are_possible():
            return None
        embedder = EmbedderName(**fields["embedder"]) if fields["embedder"] else None
        return Header(
            str(fields["stamp"]),
            bytes.fromhex(fields["digest"]),
            embedder,
            counts,
            int(fields["checksum"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
