"""Pictures for the case table, good ones by Pillow's writers and odd ones chunk by chunk."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

SIDE = 12


def image(mode: str = "RGB", width: int = SIDE + 1, height: int = SIDE) -> Image.Image:
    """A small noisy picture, always the same; the odd width leaves padding bits in mode 1."""
    rng = np.random.default_rng(7)
    if mode in ("F", "I", "I;16"):
        dtype = {"F": np.float32, "I": np.int32, "I;16": np.uint16}[mode]
        return Image.fromarray((rng.random((height, width)) * 60_000).astype(dtype))
    bands = {"1": "L", "P": "RGB", "PA": "RGBA", "RGBa": "RGBA", "La": "LA"}.get(mode, mode)
    n_bands = len(Image.new(bands, (1, 1)).getbands())
    noise = rng.integers(0, 256, (height, width, n_bands), dtype=np.uint8)
    drawn = Image.frombytes(bands, (width, height), noise.tobytes())
    if mode == "PA":
        return drawn.convert("RGB").convert("P").convert("PA")
    return drawn if bands == mode else drawn.convert(mode)


def encoded(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """Write a picture with Pillow."""
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()


def animation(format_name: str) -> bytes:
    """Three different frames."""
    first = image("P" if format_name == "GIF" else "RGB")
    others = [first.transpose(Image.Transpose.ROTATE_180), first.point(lambda v: 255 - v)]
    return encoded(first, format_name, save_all=True, append_images=others)


def cut(content: bytes, share: float = 0.6) -> bytes:
    """The first part of a file."""
    return content[: int(len(content) * share)]


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png(extra: bytes = b"", size: tuple[int, int] = (8, 8), pixels: bytes | None = None) -> bytes:
    """A grey PNG with chunks of one's own before its pixels."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", *size, 8, 0, 0, 0, 0))
    lines = zlib.compress(b"\0" * (size[0] + 1) * size[1]) if pixels is None else pixels
    end = chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + end


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and has no pixels to speak of."""
    return png(size=(width, height), pixels=zlib.compress(b"\0" * 100))


def resized_header(content: bytes, offset: int, layout: str, size: tuple[int, int]) -> bytes:
    """A file with another size written into its header."""
    place = slice(offset, offset + struct.calcsize(layout))
    changed = bytearray(content)
    changed[place] = struct.pack(layout, *size)
    return bytes(changed)


def huge_jpeg() -> bytes:
    """A JPEG that declares 65,000 x 65,000 pixels."""
    content = encoded(image(), "JPEG")
    return resized_header(content, content.index(b"\xff\xc0") + 5, ">HH", (65_000, 65_000))


def deep_jpeg() -> bytes:
    """A JPEG of 12 bits a sample."""
    content = bytearray(encoded(image(), "JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    return bytes(content)


def many_scans(n_scans: int = 6_000) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    content = encoded(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * n_scans + b"\xff\xd9"


def tiff(tags: Sequence[tuple[int, int, int, int]], tail: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory, its entries as (tag, type, count, value)."""
    entries = b"".join(struct.pack("<HHLL", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + bytes(4) + tail


GREY_TIFF = {256: 10, 257: 10, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 10, 279: 100}


def grey_tiff(changed: dict[int, tuple[int, int]] | None = None, n_tail: int = 400) -> bytes:
    """A grey 10 x 10 TIFF; ``changed`` gives some tags another (count, value)."""
    tags = {tag: (1, value) for tag, value in GREY_TIFF.items()} | (changed or {})
    return tiff([(tag, 4, *rest) for tag, rest in tags.items()], bytes(n_tail))


def tiled_tiff(side: int) -> bytes:
    """A deflated grey 10 x 10 TIFF in one tile of so many pixels squared."""
    packer = zlib.compressobj()
    tile = b"".join(packer.compress(bytes(side)) for _ in range(side)) + packer.flush()
    tags = GREY_TIFF | {259: 8, 322: side, 323: side, 324: 400, 325: len(tile)}
    used = [(tag, 4, 1, value) for tag, value in tags.items() if tag not in (273, 278, 279)]
    return tiff(used).ljust(400, b"\0") + tile


def sub_directory_tiff(n_numbers: int = 400_000) -> bytes:
    """A TIFF whose Exif directory holds a tag of very many numbers."""
    plain = grey_tiff({34665: (1, 1_000)}, n_tail=0).ljust(1_000, b"\0")
    entries = struct.pack("<HHHLL", 1, 37_500, 4, n_numbers, 1_100)
    return (plain + entries).ljust(1_100 + 4 * n_numbers, b"\0")


def rle_bmp() -> bytes:
    """An 8-bit run-length coded BMP, 4 x 2, all of palette entry 1."""
    palette = b"".join(bytes([i, 255 - i, 7, 0]) for i in range(256))
    data = b"\x04\x01\0\0" * 2 + b"\0\1"
    header = struct.pack("<LLLHHLLLLLL", 40, 4, 2, 1, 8, 1, len(data), 0, 0, 256, 0)
    offset = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<LLL", offset + len(data), 0, offset) + header + palette + data


def bmp_of_compression(method: int) -> bytes:
    """A BMP that declares some way of compression."""
    content = bytearray(encoded(image(), "BMP"))
    content[30] = method
    return bytes(content)


def garbled(content: bytes, start: int, n_bytes: int = 40) -> bytes:
    """A file of which a part is noise."""
    noise = np.random.default_rng(3).integers(0, 256, n_bytes, dtype=np.uint8).tobytes()
    return content[:start] + noise + content[start + n_bytes :]
