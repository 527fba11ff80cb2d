"""Real pictures to try everything on: scikit-learn's handwritten digits as folders and archives.

Every byte is fixed. PNG and zip are written with stored blocks, because compressed bytes differ
from one release of zlib to the next. Where a file has those bytes already it is left alone, so
that nothing looks changed after a second run.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from shared.errors import RunError
from shared.progress import Progress, Silence
from shared.regular_files import TooLargeError, read_small
from shared.replacing import replace_file
from shared.results.files import make_folder

ENLARGEMENT = 4
"""Digits come as 8 x 8 pixels: too small to be looked at."""
MAX_INK = 16
UNIX = 3
_SEVEN = "digit-7/"

Files = dict[str, bytes]

_SILENCE = Silence()


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """How many pictures are where; one of those in the archives is there twice."""

    n_tagged: int
    n_loose: int
    n_archived: int
    n_archives: int


@dataclass(frozen=True, slots=True)
class _Digit:
    """A picture, the digit on it, its position among those of that digit, and among all."""

    digit: int
    position: int
    number: int
    content: bytes

    @property
    def path(self) -> str:
        return f"digit-{self.digit}/{self.number:04}.png"


def write_sample(folder: Path, progress: Progress = _SILENCE) -> SampleCounts:
    """Write the sample below a folder: ``dataset/``, ``images/`` and ``archives/``.

    Of each digit's pictures every second one goes into the dataset, by tag; of the others one in
    five stays loose and the rest go into archives. Every path tells the digit, as in ``digit-3``.

    Raises
    ------
    RunError
        Where the folder cannot be written to.
    """
    digits = list(_iter_digits())
    tagged = [one for one in digits if one.position % 2 == 0]
    loose = [one for one in digits if one.position % 10 == 1]
    archived = [one for one in digits if one.position % 10 in (3, 5, 7, 9)]
    archives = _archives(archived)
    files = {f"dataset/{one.path}": one.content for one in tagged}
    files |= {f"images/{one.path.replace('/', '-')}": one.content for one in loose}
    files |= {f"archives/{name}": content for name, content in archives.items()}
    make_folder(folder)
    progress.start(len(files), "writing")
    for name, content in files.items():
        _write(folder / name, content, progress)
    return SampleCounts(len(tagged), len(loose), len(archived) + 1, len(archives))


def _iter_digits() -> Iterator[_Digit]:
    positions = [0] * 10
    data = load_digits()
    for number, (ink, digit) in enumerate(zip(data.images, data.target.tolist(), strict=True)):
        yield _Digit(digit, positions[digit], number, _png(_enlarged(ink)))
        positions[digit] += 1


def _archives(digits: Sequence[_Digit]) -> Files:
    """Make three archives with what is met in real ones: nests, litter, odd and equal names."""
    box_1, box_2, middle, inner, box_3 = (
        {one.path: one.content for one in digits[start::5]} for start in range(5)
    )
    _sort_out_sevens(middle, inner)
    again = next(iter(box_1))
    folder, name = again.split("/")
    box_1["README.txt"] = b"Handwritten digits, one picture each.\n"
    box_1[f"__MACOSX/{folder}/._{name}"] = b"\0\5\x16\7\0\2\0\0Mac OS X        "
    inner[f"again/{again}"] = box_1[again]
    box_2["middle.zip"] = _zip(middle | {"inner.zip": _zip(inner)})
    for digit, name in ((1, "same-name"), (7, "same-name"), (4, "v\u00eder \u56db")):
        folder = f"digit-{digit}"
        path = next(path for path in box_3 if path.startswith(folder))
        box_3[f"{folder}/{name}.png"] = box_3.pop(path)
    return {"box-1.zip": _zip(box_1), "box-2.zip": _zip(box_2), "more/box-3.zip": _zip(box_3)}


def _sort_out_sevens(middle: Files, inner: Files) -> None:
    """Leave one archive that is mostly sevens, as much in all: people sort, and want to find it."""
    others = [path for path in inner if not path.startswith(_SEVEN)]
    for path in others[: len(others) * 9 // 10]:
        middle[path] = inner.pop(path)
    for path in [path for path in middle if path.startswith(_SEVEN)]:
        inner[path] = middle.pop(path)


def _enlarged(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Grey pixels of 0 to 255, each dot of ink as a square."""
    grey = np.round(ink * (255 / MAX_INK)).astype(np.uint8)
    return grey.repeat(ENLARGEMENT, axis=0).repeat(ENLARGEMENT, axis=1)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels (height, width), each line after its filter byte 0."""
    height, width = pixels.shape
    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = np.pad(pixels, ((0, 0), (1, 0))).tobytes()
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, level=0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def _zip(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, date_time=(2026, 1, 1, 0, 0, 0))
            entry.create_system = UNIX  # else it is that of whoever runs this
            archive.writestr(entry, content)
    return packed.getvalue()


def _write(path: Path, content: bytes, progress: Progress) -> None:
    try:
        is_there = path.is_file()
        is_other = is_there and not _holds(path, content)
        if is_other or not is_there:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content, durable=False)
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise RunError(str(path), found, "Choose another --output_folder.") from error
    if is_other:
        progress.problem(str(path), "held something else, written anew")
    progress.advance(1)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return read_small(path, len(content)) == content
    except TooLargeError:
        return False
