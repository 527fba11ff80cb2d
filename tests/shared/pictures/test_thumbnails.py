import io

import numpy as np
import pytest
from PIL import Image

from shared.errors import Fate, SkipError
from shared.pictures.opening import open_picture
from shared.pictures.thumbnails import thumbnail, thumbnail_of
from shared.records import JPEG, WEBP, Limits

LIMITS = Limits(max_megapixels=4)
ORIENTATION = 0x0112
KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MODES = ("1", "L", "P", "LA", "CMYK", "I", "I;16", "F")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, across], axis=-1).astype(np.uint8))


def opened(content: bytes, size: int = 256) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail(content, size, LIMITS).content))


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_picture_of_any_kind_is_shrunk_to_the_size(kind: str) -> None:
    large = gradient(1200, 600)
    small = opened(encoded(large, kind))
    assert small.size == (256, 128)
    wanted = np.asarray(large.resize((256, 128)).convert("RGB"), np.int16)
    assert np.abs(np.asarray(small.convert("RGB"), np.int16) - wanted).mean() < 4


@pytest.mark.parametrize("size", [256, 1024])
def test_a_long_picture_keeps_a_pixel(size: int) -> None:
    assert opened(encoded(gradient(3000, 2), "PNG"), size).size == (size, 1)


def test_a_small_picture_is_as_it_was_pixel_by_pixel() -> None:
    content = encoded(gradient(31, 17), "PNG")
    made = thumbnail(content, 256, LIMITS)
    assert made.media_type == WEBP
    same = np.asarray(Image.open(io.BytesIO(made.content)).convert("RGB"))
    assert (same == np.asarray(gradient(31, 17))).all()
    assert made.content != content


def test_what_is_transparent_stays_so() -> None:
    image = gradient(600, 600).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((600, 600)))
    small = opened(encoded(image, "PNG"))
    assert small.mode == "RGBA"
    alpha = small.getchannel("A")
    assert alpha.getpixel((128, 2)) < 10  # type: ignore[operator]
    assert alpha.getpixel((128, 253)) > 245  # type: ignore[operator]


def test_a_palette_with_a_transparent_colour_stays_transparent() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((0, 0), 0)
    small = opened(encoded(image, "PNG", transparency=0)).convert("RGBA")
    assert small.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert small.getpixel((5, 5)) == (255, 0, 0, 255)


def test_a_photo_stands_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # turned by a quarter
    small = opened(encoded(gradient(800, 400), "JPEG", exif=exif))
    assert small.size == (128, 256)


def test_a_broken_exif_does_not_hide_a_picture() -> None:
    content = encoded(gradient(800, 400), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff")
    assert opened(content).size == (256, 128)


def grey(mode: str) -> bytes:
    """A light grey picture of a mode."""
    kind = "TIFF" if mode in ("CMYK", "I", "F", "LA") else "PNG"
    source = Image.new("L", (300, 300), 200)
    if mode in ("I", "I;16", "F"):
        levels = np.full((300, 300), 51_400, {"I": "i4", "I;16": "u2", "F": "f4"}[mode])
        return encoded(Image.fromarray(levels), kind)
    return encoded(source.convert(mode), kind)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_can_be_looked_at(mode: str) -> None:
    small = opened(grey(mode)).convert("L")
    assert small.size == (256, 256)
    assert int(np.asarray(small).mean()) > 150


def test_a_jpeg_is_not_decoded_larger_than_it_needs_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    load = Image.Image.load

    def noted(self: Image.Image) -> object:
        sizes.append(self.size)
        return load(self)

    content = encoded(gradient(2000, 2000), "JPEG")
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load_end", noted)
    assert opened(content).size == (256, 256)
    assert max(sizes) <= (600, 600)


@pytest.mark.parametrize(
    ("content", "fate"),
    [
        (encoded(gradient(2001, 2000), "PNG"), Fate.TOO_LARGE),
        (encoded(gradient(2001, 2000), "JPEG"), Fate.TOO_LARGE),
        (encoded(gradient(300, 300), "PNG")[:-400], Fate.TRUNCATED),
        (b"RIFF\x64\0\0\0WEBPVP8 " + b"x" * 92, Fate.CORRUPT),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Fate.UNSUPPORTED_FORMAT),
        (b"", Fate.UNSUPPORTED_FORMAT),
    ],
    ids=["large", "large JPEG", "cut off", "broken", "SVG", "empty"],
)
def test_what_cannot_be_shown_has_its_fate(content: bytes, fate: Fate) -> None:
    with pytest.raises(SkipError) as found:
        thumbnail(content, 256, LIMITS)
    assert found.value.fate is fate


def test_a_photo_is_a_jpeg_of_its_own() -> None:
    content = encoded(gradient(900, 900), "JPEG", comment=b"a stranger's")
    made = thumbnail(content, 256, LIMITS)
    assert made.media_type == JPEG
    assert b"stranger" not in made.content


def turned(orientation: int, image: Image.Image, kind: str) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(image, kind, exif=exif)


def see_through() -> Image.Image:
    image = gradient(600, 600).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((600, 600)))
    return image


LARGE = gradient(1200, 600)
DECODED = {
    **{kind: encoded(LARGE, kind) for kind in KINDS},
    **{f"mode {mode}": grey(mode) for mode in MODES},
    **{f"JPEG turned {at}": turned(at, LARGE, "JPEG") for at in range(1, 9)},
    **{f"{kind} turned": turned(6, LARGE, kind) for kind in ("PNG", "WEBP", "TIFF")},
    "broken Exif": encoded(LARGE, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff"),
    "grey JPEG": encoded(LARGE.convert("L"), "JPEG"),
    "CMYK JPEG": encoded(LARGE.convert("CMYK"), "JPEG"),
    "progressive JPEG": encoded(LARGE, "JPEG", progressive=True),
    "transparent": encoded(see_through(), "PNG"),
    "transparent WebP": encoded(see_through(), "WEBP", lossless=True),
    "palette with a transparent colour": encoded(LARGE.quantize(16), "PNG", transparency=3),
    "odd sides": encoded(gradient(889, 888), "JPEG"),
    "long": encoded(gradient(1900, 3), "JPEG"),
    "as large as it may be": encoded(gradient(256, 200), "JPEG"),
    "small": encoded(gradient(31, 17), "PNG"),
    "small, turned": turned(8, gradient(31, 17), "JPEG"),
}


@pytest.mark.parametrize("content", DECODED.values(), ids=DECODED.keys())
def test_a_thumbnail_of_what_has_been_decoded_looks_the_same(content: bytes) -> None:
    made = thumbnail_of(open_picture(content, LIMITS), 256)
    wanted = thumbnail(content, 256, LIMITS)
    assert made
    assert made.media_type == wanted.media_type
    image, other = (Image.open(io.BytesIO(one.content)) for one in (made, wanted))
    assert (image.size, image.mode) == (other.size, other.mode)
    pixels, others = (np.asarray(one.convert("RGBA"), np.int16) for one in (image, other))
    assert np.abs(pixels - others).mean() < 3


@pytest.mark.parametrize("name", ["JPEG turned 6", "palette with a transparent colour", "small"])
def test_what_has_been_decoded_stays_as_it_is(name: str) -> None:
    image, opened_picture = (open_picture(DECODED[name], LIMITS) for _ in range(2))
    thumbnail_of(opened_picture, 256)
    after, before = opened_picture.image, image.image
    assert (after.mode, after.size, after.info) == (before.mode, before.size, before.info)
    assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize("error", [MemoryError, ValueError, OSError])
def test_where_none_can_be_made_there_is_none(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    picture = open_picture(DECODED["JPEG"], LIMITS)
    monkeypatch.setattr(Image.Image, "resize", fail)
    assert thumbnail_of(picture, 256) is None
