import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from shared.errors import SkipError
from shared.pictures import opening
from shared.pictures.jpeg import jpeg_pixels
from shared.pictures.opening import open_picture
from shared.records import Limits
from tests.fuzz.mutations import mutations
from tests.picture_cases import builders

SIZES = [(1, 1), (1, 40), (40, 1), (7, 9), (16, 16), (17, 33), (255, 257)]
SUBSAMPLINGS = ["444", "422", "420", "440", "411"]


def natural(mode: str, size: tuple[int, int]) -> Image.Image:
    """Slopes and edges, as photos have them: noise alone hides how colours are scaled up."""
    rng = np.random.default_rng(5)
    small = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC).convert(mode)


def decoded(content: bytes) -> tuple[Image.Image, Any]:
    """What Pillow makes of a file, and what is made of it without Pillow."""
    image = Image.open(io.BytesIO(content))
    pixels = jpeg_pixels(content, image.mode, image.size)
    image.load()
    return image, pixels


def assert_the_same(content: bytes) -> None:
    image, pixels = decoded(content)
    assert pixels is not None
    assert pixels.tobytes() == image.tobytes()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_pixels_are_pillows_whatever_the_subsampling(
    subsampling: str, size: tuple[int, int]
) -> None:
    pixels = np.asarray(natural("RGB", size))
    assert_the_same(simplejpeg.encode_jpeg(pixels, 85, colorsubsampling=subsampling))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "options",
    [
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_blocks": 1},
        {"restart_marker_rows": 1, "progressive": True},
        {"keep_rgb": True},
        {"quality": 1},
        {"quality": 100, "subsampling": 0},
        {"comment": b"words", "dpi": (72, 72), "icc_profile": b"profile"},
    ],
    ids=str,
)
def test_pixels_are_pillows_however_it_was_written(
    options: dict[str, Any], size: tuple[int, int]
) -> None:
    assert_the_same(builders.encoded(natural("RGB", size), "JPEG", **options))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("progressive", [False, True])
def test_grey_is_grey(size: tuple[int, int], *, progressive: bool) -> None:
    assert_the_same(builders.encoded(natural("L", size), "JPEG", progressive=progressive))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stays_as_it_is_stored(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    assert_the_same(builders.encoded(natural("RGB", (40, 30)), "JPEG", exif=exif))


def test_of_several_pictures_it_is_the_first() -> None:
    assert_the_same(builders.animation("MPO"))


def test_what_follows_the_end_is_no_fault() -> None:
    assert_the_same(builders.encoded(natural("RGB", (40, 30)), "JPEG") + b"appended" * 9)


@pytest.mark.parametrize("mode", ["CMYK", "YCCK"])
def test_of_four_inks_pillow_decides(mode: str) -> None:
    content = builders.encoded(natural("CMYK", (40, 30)), "JPEG")
    if mode == "YCCK":  # the last byte of Adobe's mark tells which
        place = content.index(b"Adobe") + 11
        content = content[:place] + b"\x02" + content[place + 1 :]
    image, pixels = decoded(content)
    assert pixels is None
    assert open_picture(content, Limits()).image.tobytes() == image.tobytes()


def test_a_size_that_limits_have_not_seen_is_not_decoded() -> None:
    content = builders.encoded(natural("RGB", (40, 30)), "JPEG")
    assert jpeg_pixels(content, "RGB", (40, 31)) is None


def iter_damaged() -> Iterator[bytes]:
    """Every cut of a few files, and changes of single bytes all over them."""
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 2}):
        content = builders.encoded(natural("RGB", (33, 31)), "JPEG", **options)
        yield from (content[:length] for length in range(2, len(content)))
        yield from (mutations(content, seed) for seed in range(300))
    grey = builders.encoded(natural("L", (33, 31)), "JPEG")
    yield from (mutations(grey, seed) for seed in range(300))


def outcome(content: bytes) -> tuple[object, ...]:
    try:
        opened = open_picture(content, Limits(max_megapixels=1))
    except SkipError as error:
        return error.fate, error.reason
    return opened.picture, opened.image.mode, opened.image.tobytes()


def test_damage_ends_as_it_ends_with_pillow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = list(iter_damaged())
    found = [outcome(content) for content in contents]
    monkeypatch.setattr(opening, "jpeg_pixels", lambda *_: None)
    expected = [outcome(content) for content in contents]
    assert [a == b for a, b in zip(found, expected, strict=True)] == [True] * len(contents)
    assert sum(len(one) == 3 for one in expected) > 100
    assert sum(len(one) == 2 for one in expected) > 100


def test_pillow_decodes_nothing_that_is_without_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    opened = open_picture(builders.encoded(natural("RGB", (40, 30)), "JPEG"), Limits())
    assert opened.image.size == (40, 30)
