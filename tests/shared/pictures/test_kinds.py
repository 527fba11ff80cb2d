import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.pictures.kinds import check_is_picture, picture_format
from shared.records import HEAD_BYTES
from tests.picture_cases import builders


def fate(name: str, head: bytes) -> Fate | None:
    try:
        check_is_picture(name, head)
    except SkipError as error:
        return error.fate
    return None


@pytest.mark.parametrize("expected", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
def test_format_is_told_by_content(expected: str) -> None:
    mode = "P" if expected == "GIF" else "RGB"
    assert picture_format(builders.encoded(builders.image(mode), expected)[:HEAD_BYTES]) == expected


@pytest.mark.parametrize(
    "head", [b"", b"MZ\x90", b"PK\x03\x04" + bytes(60), b"RIFF\0\0\0\0WAVEfmt ", b"BM" + bytes(62)]
)
def test_other_content_has_no_format(head: bytes) -> None:
    assert picture_format(head) is None


def test_content_counts_for_more_than_name() -> None:
    assert fate("letter.docx", b"\x89PNG\r\n\x1a\n") is None


def test_a_name_counts_where_content_says_nothing() -> None:
    assert fate("a/b.PNG", b"nothing") is Fate.CORRUPT


@pytest.mark.parametrize("name", ["x.txt", "x", ".png", "x.png.exe", "x.mp4", "photos.zip"])
def test_other_names_are_no_pictures(name: str) -> None:
    assert fate(name, b"nothing") is Fate.NOT_AN_IMAGE


@pytest.mark.parametrize("name", ["x.heic", "x.AVIF", "x.jxl", "x.tga", "x.dng", "dir.png/x.psd"])
def test_pictures_that_are_not_read_are_told_by_name(name: str) -> None:
    assert fate(name, b"anything") is Fate.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("name", ["x.nef", "x.arw", "x.dng", "x.CR2"])
def test_a_camera_file_is_not_taken_for_its_tiff_thumbnail(name: str) -> None:
    assert fate(name, b"II*\0\x08\0\0\0") is Fate.UNSUPPORTED_FORMAT


def test_more_than_the_head_does_not_matter() -> None:
    assert fate("x.bin", bytes(HEAD_BYTES) + b"\x89PNG\r\n\x1a\n") is Fate.NOT_AN_IMAGE


@settings(max_examples=200)
@given(st.text(max_size=20), st.binary(max_size=64))
def test_any_name_and_content_has_an_answer(name: str, head: bytes) -> None:
    answers = {None, Fate.CORRUPT, Fate.NOT_AN_IMAGE, Fate.UNSUPPORTED_FORMAT}
    assert fate(name, head) in answers
