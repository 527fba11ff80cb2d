"""What becomes of good, odd and hostile pictures: a line here is a test.

``scored`` stands for a picture that opens. The bytes come from `builders`, and nothing is kept
in files.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from shared.errors import Fate
from tests.picture_cases import builders as b

BIG_TEXT = b"Comment\0\0" + zlib.compress(b"\0" * 3_000_000)
BIG_PROFILE = b"profile\0\0" + zlib.compress(b"\0" * 30_000_000)


@dataclass(frozen=True, slots=True)
class Case:
    """A file name, what makes the file, and the fate that it must have."""

    name: str
    build: Callable[[], bytes]
    fate: Fate


def good(name: str, mode: str, format_name: str, **options: object) -> Case:
    """A picture as Pillow writes it."""
    return Case(name, lambda: b.encoded(b.image(mode), format_name, **options), Fate.SCORED)


def fixed(name: str, content: bytes, fate: Fate) -> Case:
    """Bytes that are short enough to stand here."""
    return Case(name, lambda: content, fate)


def truncated(name: str, format_name: str, mode: str = "RGB", **options: object) -> Case:
    """A picture that breaks off."""
    build = lambda: b.cut(b.encoded(b.image(mode), format_name, **options))  # noqa: E731
    return Case(name, build, Fate.TRUNCATED)


GOOD = [
    *(good(f"{mode}.png", mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    good("clear-palette.png", "P", "PNG", transparency=bytes(range(0, 250, 10))),
    good("clear-colour.png", "RGB", "PNG", transparency=(1, 2, 3)),
    *(good(f"{mode}.jpg", mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
    good("progressive.jpg", "RGB", "JPEG", progressive=True),
    good("palette.gif", "P", "GIF"),
    good("interlaced.gif", "L", "GIF", interlace=1),
    good("lossy.webp", "RGB", "WEBP"),
    good("lossless.webp", "RGBA", "WEBP", lossless=True),
    *(good(f"{mode}.bmp", mode, "BMP") for mode in ("1", "L", "P", "RGB", "RGBA")),
    *(good(f"{mode}.tif", mode, "TIFF") for mode in ("1", "P", "RGBA", "CMYK", "LAB", "YCbCr")),
    *(good(f"{mode} deep.tiff", mode, "TIFF") for mode in ("I;16", "I", "F")),
    *(
        good(f"{method}.tif", "RGB", "TIFF", compression=f"tiff_{method}")
        for method in ("lzw", "adobe_deflate")
    ),
    Case("tiled.tif", lambda: b.tiled_tiff(16), Fate.SCORED),
    good("fax.tif", "1", "TIFF", compression="group4"),
    good("jpeg inside.tif", "RGB", "TIFF", compression="jpeg"),
    good("big.tif", "RGB", "TIFF", big_tiff=True),
    *(good(f"{mode}.ppm", mode, "PPM") for mode in ("1", "L", "RGB", "I")),
    good("float.pfm", "F", "PPM"),
    fixed("plain.pgm", b"P2\n# a comment\n3 1\n15\n0 7 15\n", Fate.SCORED),
    Case("runs.bmp", b.rle_bmp, Fate.SCORED),
    *(
        Case(f"animated.{name}", partial(b.animation, name), Fate.SCORED)
        for name in ("PNG", "GIF", "WEBP", "TIFF", "MPO")
    ),
]

DISGUISED = [
    good("really-tiff.png", "RGB", "TIFF"),
    good("no extension", "RGB", "PNG"),
    good("notes.txt", "RGB", "JPEG"),
    Case("with-a-tail.png", lambda: b.png() + b"<?php ?>" * 99, Fate.SCORED),
    Case("without-its-end.png", lambda: b.png()[:-12], Fate.SCORED),
    fixed("text.txt", b"hello", Fate.NOT_AN_IMAGE),
    fixed("BMW.txt", b"BMW and other cars of 1999", Fate.NOT_AN_IMAGE),
    fixed("P1.md", b"P1 tickets are urgent", Fate.NOT_AN_IMAGE),
    fixed("empty", b"", Fate.NOT_AN_IMAGE),
    fixed("empty.png", b"", Fate.CORRUPT),
    fixed("page.jpg", b"<!DOCTYPE html><title>404</title>", Fate.CORRUPT),
    fixed("zeros.tif", bytes(500), Fate.CORRUPT),
]

NOT_READ = [
    fixed("phone.heic", b"\0\0\0\x18ftypheic" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("phone.jpg", b"\0\0\0\x18ftypheic" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("no extension", b"\0\0\0\x1cftypavif" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("layers.psd", b"8BPS\0\1" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("program.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", Fate.UNSUPPORTED_FORMAT),
    fixed("program.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n", Fate.UNSUPPORTED_FORMAT),
    fixed("drawing.svg", b"<?xml version='1.0'?><svg/>", Fate.UNSUPPORTED_FORMAT),
    fixed("icon.ICO", b"\0\0\1\0\1\0" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("raw.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    fixed("raw.tif", b"II*\0\x10\0\0\0CR\2\0" + bytes(50), Fate.UNSUPPORTED_FORMAT),
    Case("raw.dng", lambda: b.encoded(b.image(), "TIFF"), Fate.UNSUPPORTED_FORMAT),
    fixed("colour.pfm", b"PF\n1 1\n-1\n" + bytes(12), Fate.UNSUPPORTED_FORMAT),
    Case("12-bit.jpg", b.deep_jpeg, Fate.UNSUPPORTED_FORMAT),
    Case("jpeg-inside.bmp", lambda: b.bmp_of_compression(4), Fate.UNSUPPORTED_FORMAT),
    Case("method-99.tif", lambda: b.grey_tiff({259: (1, 99)}), Fate.UNSUPPORTED_FORMAT),
    Case("mask.tif", lambda: b.grey_tiff({262: (1, 4)}), Fate.UNSUPPORTED_FORMAT),
]

BROKEN = [
    truncated("cut.png", "PNG"),
    truncated("cut.jpg", "JPEG"),
    truncated("cut.gif", "GIF", "P"),
    truncated("cut.webp", "WEBP"),
    truncated("cut.bmp", "BMP"),
    truncated("cut.tif", "TIFF"),
    truncated("cut-deflated.tif", "TIFF", compression="tiff_adobe_deflate"),
    truncated("cut.ppm", "PPM"),
    fixed("cut-in-its-header.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", Fate.TRUNCATED),
    fixed("only-a-head.jpg", b"\xff\xd8\xff\xe0", Fate.TRUNCATED),
    Case("no-pixels.png", lambda: b.png(pixels=b""), Fate.CORRUPT),
    Case("noise-for-pixels.png", lambda: b.png(pixels=b"\1\2\3" * 50), Fate.CORRUPT),
    Case("wrong-header-crc.png", lambda: b.garbled(b.png(), 29, 4), Fate.CORRUPT),
    Case("no-width.png", lambda: b.png(size=(0, 8)), Fate.CORRUPT),
    Case("noise.webp", lambda: b.garbled(b.encoded(b.image(), "WEBP"), 20, 30), Fate.CORRUPT),
    Case("noise.jpg", lambda: b.garbled(b.encoded(b.image(), "JPEG"), 200, 300), Fate.CORRUPT),
    Case(
        "noise-deflated.tif",
        lambda: b.garbled(b.encoded(b.image(), "TIFF", compression="tiff_adobe_deflate"), 150),
        Fate.CORRUPT,
    ),
    fixed("letters.pgm", b"P2\n2 2\n255\n0 0 x 0\n", Fate.CORRUPT),
    fixed("no-maxval.pgm", b"P5\n2 2\n0\n\0\0\0\0", Fate.CORRUPT),
    Case("no-size.tif", lambda: b.tiff([(256, 4, 1, 10)], bytes(99)), Fate.CORRUPT),
]

BOMBS = [
    Case("51-megapixels.png", lambda: b.png_header(7_200, 7_100), Fate.TOO_LARGE),
    Case("huge.png", lambda: b.png_header(2_000_000, 2_000_000), Fate.TOO_LARGE),
    Case("huge.jpg", b.huge_jpeg, Fate.TOO_LARGE),
    Case(
        "huge.gif",
        lambda: b.resized_header(b.encoded(b.image("P"), "GIF"), 6, "<HH", (60_000, 60_000)),
        Fate.TOO_LARGE,
    ),
    Case(
        "huge.webp",
        lambda: b.resized_header(b.encoded(b.image(), "WEBP"), 26, "<HH", (16_383, 16_383)),
        Fate.TOO_LARGE,
    ),
    Case(
        "huge.bmp",
        lambda: b.resized_header(b.encoded(b.image(), "BMP"), 18, "<LL", (2**30, 2**30)),
        Fate.TOO_LARGE,
    ),
    Case("huge.tif", lambda: b.grey_tiff({256: (1, 90_000), 257: (1, 90_000)}), Fate.TOO_LARGE),
    fixed("huge.ppm", b"P6 99999 99999 255\n", Fate.TOO_LARGE),
    Case("text.png", lambda: b.png(b.chunk(b"zTXt", BIG_TEXT)), Fate.TOO_LARGE),
    Case("profile.png", lambda: b.png(b.chunk(b"iCCP", BIG_PROFILE)), Fate.TOO_LARGE),
    Case("scans.jpg", b.many_scans, Fate.TOO_LARGE),
    Case("strips.tif", lambda: b.grey_tiff({273: (300_000, 200)}, 1_300_000), Fate.TOO_LARGE),
    Case("tile.tif", lambda: b.tiled_tiff(2**13), Fate.TOO_LARGE),
    Case("numbers.tif", b.sub_directory_tiff, Fate.TOO_LARGE),
    Case("plain.ppm", lambda: b"P3 4000 4000 255\n".ljust(17 * 2**20), Fate.TOO_LARGE),
    Case(
        "blocks.gif",
        lambda: b"GIF89a\x08\0\x08\0\0\0\0!\xfe" + b"\1a" * 1_300_000,
        Fate.TOO_LARGE,
    ),
    fixed(
        "entries.tif",
        b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**40) + bytes(400),
        Fate.TOO_LARGE,
    ),
]

CASES = [*GOOD, *DISGUISED, *NOT_READ, *BROKEN, *BOMBS]
