"""The floor of a first run: read all pictures, decode them and hash their pixels, on all cores.

Of the ways to do that which give the same hashes as Pillow alone it takes the cheapest.
"""

import functools
import hashlib
import io
import itertools
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

SLICE_MEMBERS = 64
STRIP_BYTES = 2**18
"""Strips that stay in the processor's cache are hashed in little more than half the time."""


def decode_and_hash(folder: str, n_processes: str) -> int:
    """Hash the pixels of every picture in every archive of a folder; return how many differ."""
    with ProcessPoolExecutor(int(n_processes)) as pool:
        found = pool.map(_slice_hashes, *zip(*_iter_slices(Path(folder)), strict=True))
        return len(set(itertools.chain.from_iterable(found)))


def picture_hash(content: bytes) -> str:
    """Hash the pixels of one picture."""
    if content.startswith(b"\xff\xd8"):
        return hashlib.blake2b(jpeg_pixels(content).data).hexdigest()
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        digest = hashlib.blake2b()
        for strip in _iter_strips(image):
            digest.update(strip)
        return digest.hexdigest()


def jpeg_pixels(content: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG; corpora hold no CMYK, of which simplejpeg makes other pixels."""
    colorspace = simplejpeg.decode_jpeg_header(content)[2]
    wanted = "GRAY" if colorspace == "Gray" else "RGB"
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(content, wanted, strict=True)
    return pixels


def iter_contents(archive: zipfile.ZipFile, start: int, stop: int) -> Iterator[bytes]:
    """Yield the pictures of some entries of an archive, those of nested archives too."""
    for info in archive.infolist()[start:stop]:
        content = archive.read(info)
        if info.filename.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as nested:
                yield from iter_contents(nested, 0, len(nested.infolist()))
        else:
            yield content


def _iter_slices(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in sorted(folder.iterdir()):
        with zipfile.ZipFile(path) as archive:
            n_members = len(archive.infolist())
        for start in range(0, n_members, SLICE_MEMBERS):
            yield path, start


def _slice_hashes(path: Path, start: int) -> list[str]:
    contents = iter_contents(_opened(path), start, start + SLICE_MEMBERS)
    return [picture_hash(content) for content in contents]


@functools.lru_cache(maxsize=2)
def _opened(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _iter_strips(image: Image.Image) -> Iterator[bytes]:
    width, height = image.size
    n_rows = max(1, STRIP_BYTES // (width * len(image.getbands())))
    for top in range(0, height, n_rows):
        yield image.crop((0, top, width, min(top + n_rows, height))).tobytes()
