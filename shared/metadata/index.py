"""The index of vectors: a metadata file's vectors and keys in a form that need not be parsed.

It lies beside the metadata as ``.<name>.vectors``, or in the cache folder where that is read-only,
and may be deleted at any time. It counts only for the very file it was made from, unchanged. It is
arrays in NumPy's format one after another: all numbers of the vectors in a row (so `numpy.load`
opens them), those of `KINDS`, a JSON text of what is told of them; and the CRC-32 of all that.

Vectors are read, not mapped: where a file that is mapped is cut short, or its disk fails, a signal
ends the process, and here that is an error like any other.
"""

import hashlib
import io
import itertools
import os
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import orjson
from numpy.lib import format as npy
from numpy.typing import NDArray

from shared.errors import RunError
from shared.metadata.arrays import BAD, PICTURE, ArrayHeader, Arrays, read_array, read_header
from shared.metadata.entries import Flaw
from shared.records import EmbedderName
from shared.regular_files import open_regular

KINDS: dict[str, np.dtype[Any]] = {
    "sizes": np.dtype("<i4"),
    "keys": np.dtype("<u8"),
    "rows": np.dtype("<i8"),
    "lengths": np.dtype("<u4"),
    "flaws": np.dtype("u1"),
    "contents": np.dtype("<u8"),
    "pictures": PICTURE,
}
"""``sizes`` (n_images, 2) are in pixels. ``keys`` (2, n_keys) are sorted, with for each its row or
`BAD`, and the flaw and length of its vector. ``contents`` (4, n_pictures) are sorted digests of
files, with for each the picture that is in the file."""
VECTORS_AT = 128
"""Bytes before the numbers of the vectors: a header, which NumPy leaves room to grow in."""
FINE_TICK_NS = 100_000_000
COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_BLOCK_BYTES = 2**16
_CRC_BYTES = 4


class Vectors:
    """The vectors of an index, read from its file as they are asked for."""

    def __init__(self, file: BinaryIO, path: Path, n_features: int) -> None:
        self._n_features = n_features
        self._path = path
        self._memory = file.getbuffer() if isinstance(file, io.BytesIO) else None
        if self._memory is None:
            # Its own: whoever opened the file closes it, or gives it another name.
            self._descriptor = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._descriptor)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the vectors of some rows, float32 (len(rows), n_features).

        Raises
        ------
        RunError
            Where the file has been cut short since it was opened, or cannot be read.
        """
        taken = np.empty((len(rows), self._n_features), "<f4")
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1).tolist()
        try:
            for start, end in itertools.pairwise([*starts, len(rows)]):
                at = VECTORS_AT + 4 * self._n_features * int(rows[start])
                self._read_into(taken[start:end].data.cast("B"), at)
        except OSError as error:
            raise self._refusal(f"cannot be read: {error.strerror or error}") from error
        return taken.astype(np.float32, copy=False)

    def _read_into(self, view: memoryview, at: int) -> None:
        if self._memory is not None:
            view[:] = self._memory[at : at + len(view)]
            return
        while view:
            n_bytes = os.preadv(self._descriptor, [view], at)
            if not n_bytes:
                raise self._refusal("was cut short while it was used")
            view, at = view[n_bytes:], at + n_bytes

    def _refusal(self, found: str) -> RunError:
        return RunError(str(self._path), found, "Run the same command again: it is made anew.")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an index says of itself.

    ``stamp`` is that of the metadata file, ``digest`` the one of `Metadata`.
    """

    stamp: str
    digest: bytes
    embedder: EmbedderName | None
    n_features: int


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is open; ``arrays`` are those of `KINDS`."""

    facts: Facts
    arrays: Arrays
    vectors: Vectors


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


def completed_index(file: BinaryIO, path: Path, facts: Facts, arrays: Arrays) -> Index:
    """Write all but the vectors, which stand in the file already, from `VECTORS_AT` on."""
    numbers = (len(arrays["sizes"]) * facts.n_features,)
    file.seek(0)
    npy.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": numbers})
    assert file.tell() == VECTORS_AT, "NumPy leaves another room"
    file.seek(4 * numbers[0], os.SEEK_CUR)
    file.truncate()
    told = np.frombuffer(orjson.dumps(facts, default=bytes.hex), "u1")
    for array in (*(arrays[name].astype(kind) for name, kind in KINDS.items()), told):
        npy.write_array(file, array, allow_pickle=False)
    crc = _crc(file, file.tell())
    file.write(crc.to_bytes(_CRC_BYTES, "little"))
    file.flush()
    return Index(facts, arrays, Vectors(file, path, facts.n_features))


def trusted_index(path: Path, metadata_stamp: str) -> Index | None:
    """Open the index at ``path``; None where there is none, or it is damaged or of another file.

    A stranger may have sent it along: nothing in it is run, and each size is checked.
    """
    try:
        with io.BufferedReader(open_regular(path, ours=True)) as file:
            return _index_in(file, path, metadata_stamp)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _index_in(file: BinaryIO, path: Path, metadata_stamp: str) -> Index | None:
    header = read_header(file)
    file.seek(header.n_bytes, os.SEEK_CUR)
    arrays = {name: read_array(file) for name in KINDS}
    facts = _facts(orjson.loads(read_array(file).tobytes()))
    if facts.stamp != metadata_stamp:
        return None
    end = file.tell()
    is_whole = file.read() == _crc(file, end).to_bytes(_CRC_BYTES, "little")
    if not is_whole or not _is_sound(header, arrays, facts.n_features):
        return None
    return Index(facts, arrays, Vectors(file, path, facts.n_features))


def _facts(told: dict[str, Any]) -> Facts:
    words = told["embedder"] or {}
    if type(told["n_features"]) is not int or not all(type(one) is str for one in words.values()):
        raise TypeError
    embedder = EmbedderName(**words) if words else None
    return Facts(told["stamp"], bytes.fromhex(told["digest"]), embedder, told["n_features"])


def _is_sound(vectors: ArrayHeader, arrays: Arrays, n_features: int) -> bool:
    """Whether all fits together: a forged one could make us look outside of its arrays."""
    n_images, n_keys, n_pictures = (len(arrays[name]) for name in ("sizes", "rows", "pictures"))
    shapes = {
        "sizes": (n_images, 2),
        "keys": (2, n_keys),
        "rows": (n_keys,),
        "lengths": (n_keys,),
        "flaws": (n_keys,),
        "contents": (4, n_pictures),
        "pictures": (n_pictures,),
    }
    rows, flaws = arrays["rows"], arrays["flaws"]
    return (
        (vectors.dtype, vectors.shape) == (np.dtype("<f4"), (n_images * n_features,))
        and min(n_images, n_features) > 0
        and all(
            (arrays[name].dtype, arrays[name].shape) == (KINDS[name], shapes[name])
            for name in KINDS
        )
        and bool(np.all(rows >= BAD) and np.all(rows < n_images) and np.all(flaws < len(Flaw)))
    )


def _crc(file: IO[bytes], end: int) -> int:
    """CRC-32 of a file up to a place, where it is left."""
    total = 0
    for block in iter_blocks(file, 0, end):
        total = zlib.crc32(block, total)
    return total


def iter_blocks(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a file from one place to another, a block at a time."""
    file.seek(start)
    while start < end and (block := file.read(min(_BLOCK_BYTES, end - start))):
        start += len(block)
        yield block
