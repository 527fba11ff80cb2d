import contextlib
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from shared.errors import Fate, SkipError
from shared.pictures.opening import open_picture
from shared.records import Limits
from tests.picture_cases import builders
from tests.picture_cases.cases import CASES, GOOD, Case
from tests.worlds import REFERENCE, ROOT

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")


def pillow_hash(content: bytes) -> str:
    """The hash that users' metadata has, by its definition."""
    return hashlib.blake2b(Image.open(io.BytesIO(content), formats=FORMATS).tobytes()).hexdigest()


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_hash_is_that_of_pillows_pixels(case: Case) -> None:
    content = case.build()
    assert open_picture(content, Limits()).picture.hash_id == pillow_hash(content)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "F", "I"])
def test_hash_of_many_strips_is_that_of_the_whole(mode: str) -> None:
    content = builders.encoded(builders.image(mode, 801, 1003), "TIFF")
    assert open_picture(content, Limits()).picture.hash_id == pillow_hash(content)


def test_facts_are_those_of_the_decoded_picture() -> None:
    picture = open_picture(builders.encoded(builders.image("LA"), "PNG"), Limits()).picture
    assert (picture.mode, picture.width, picture.height) == ("LA", 13, 12)
    assert picture.format == "PNG"


def test_size_is_that_after_a_tiff_has_been_turned() -> None:
    turned = builders.encoded(builders.image(), "TIFF", tiffinfo={274: 6})
    opened = open_picture(turned, Limits())
    assert (opened.picture.width, opened.picture.height) == opened.image.size == (12, 13)


@pytest.mark.parametrize("format_name", ["PNG", "GIF", "WEBP", "TIFF", "MPO"])
def test_an_animation_is_its_first_frame(format_name: str) -> None:
    content = builders.animation(format_name)
    first = Image.open(io.BytesIO(content))
    first.seek(0)
    assert open_picture(content, Limits()).image.tobytes() == first.tobytes()


def test_image_needs_its_file_no_longer() -> None:
    opened = open_picture(builders.encoded(builders.image(), "PNG"), Limits())
    assert opened.image.resize((2, 2)).getpixel((0, 0)) is not None


def test_limit_is_an_argument() -> None:
    content = builders.png(size=(1000, 1000))
    assert open_picture(content, Limits(max_megapixels=1)).picture.width == 1000
    with pytest.raises(SkipError, match=r"1\.0 megapixels, allowed 0\.99") as caught:
        open_picture(content, Limits(max_megapixels=0.99))
    assert caught.value.fate is Fate.TOO_LARGE


@pytest.mark.parametrize(
    ("size", "allowed", "told"),
    [
        ((7074, 7074), 50, "50.04 megapixels, allowed 50"),
        ((10_001, 5000), 50.004999, "50.01 megapixels, allowed 50.004999"),
        ((3, 4), 0.00001, "0.000012 megapixels, allowed 0.00001"),
        ((20_000, 20_000), 399.9999, "400.0 megapixels, allowed 399.9999"),
    ],
)
def test_what_is_found_reads_as_more_than_what_is_allowed(
    size: tuple[int, int], allowed: float, told: str
) -> None:
    with pytest.raises(SkipError) as caught:
        open_picture(builders.png_header(*size), Limits(max_megapixels=allowed))
    assert caught.value.reason == told


def test_limit_may_be_beyond_pillows_own() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(SkipError) as caught:
        open_picture(builders.png_header(20_000, 10_000), Limits(max_megapixels=250))
    assert caught.value.fate is not Fate.TOO_LARGE
    assert before == Image.MAX_IMAGE_PIXELS


def test_no_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "crop", fail)
    with pytest.raises(SkipError, match="memory") as caught:
        open_picture(builders.png(size=(1000, 1000)), Limits())
    assert caught.value.fate is Fate.TOO_LARGE


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_cut_of_a_picture_is_truncated(format_name: str) -> None:
    content = builders.encoded(builders.image("P" if format_name == "GIF" else "RGB"), format_name)
    # The last bytes of some formats say nothing but that it is the end.
    for length in range(20, len(content) - 20):
        with pytest.raises(SkipError) as caught:
            open_picture(content[:length], Limits())
        assert caught.value.fate is Fate.TRUNCATED, (length, caught.value.reason)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(SkipError) as caught:
        open_picture(b"hello", Limits())
    assert caught.value.fate is Fate.UNSUPPORTED_FORMAT


def test_threads_open_the_same_pictures() -> None:
    contents = [case.build() for case in GOOD] * 4
    expected = [open_picture(content, Limits()).picture for content in contents]
    with ThreadPoolExecutor(4) as pool:
        opened = pool.map(lambda content: open_picture(content, Limits()).picture, contents)
    assert list(opened) == expected


def test_nothing_is_printed_about_any_case(tmp_path: Path) -> None:
    cases = [case for case in CASES if case.fate in (Fate.CORRUPT, Fate.TRUNCATED, Fate.SCORED)]
    for index, case in enumerate(cases):
        (tmp_path / str(index)).write_bytes(case.build())
    program = (
        "import sys, pathlib, contextlib\n"
        "from shared.pictures.opening import open_picture\n"
        "from shared.errors import SkipError\n"
        "from shared.records import Limits\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    content = path.read_bytes()\n"
        "    for end in (len(content), len(content) // 2):\n"
        "        with contextlib.suppress(SkipError):\n"
        "            open_picture(content[:end], Limits())\n"
    )
    command = [sys.executable, "-W", "always", "-c", program, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")


def test_nothing_is_printed_about_damage_that_only_the_c_library_sees(
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = builders.encoded(builders.image("1", 64, 64), "TIFF", compression="group4")
    for place in range(8, 60):
        damaged = content[:place] + b"\x55" + content[place + 1 :]
        with contextlib.suppress(SkipError):
            open_picture(damaged, Limits())
    assert capfd.readouterr() == ("", "")


def test_only_what_pillow_warns_of_pictures_is_held_back() -> None:
    program = (
        "import warnings\n"
        "import shared.pictures.opening\n"
        "for module in ('PIL.TiffImagePlugin', 'numpy.core'):\n"
        "    warnings.warn_explicit('odd', UserWarning, module, 1, module=module)\n"
        "warnings.warn_explicit('old', DeprecationWarning, 'PIL.Image', 2, module='PIL.Image')\n"
    )
    command = [sys.executable, "-W", "always", "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    told = ["numpy.core:1: UserWarning: odd", "PIL.Image:2: DeprecationWarning: old"]
    assert ended.stderr.splitlines() == told


def iter_reference_pictures(archive: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            if entry.filename.endswith(".zip"):
                yield from iter_reference_pictures(opened.read(entry))
            elif not entry.is_dir():
                yield opened.read(entry)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data is not here")
def test_every_reference_picture_is_in_its_metadata() -> None:
    metadata = json.loads((REFERENCE / "input-metadata.json").read_bytes())
    contents = iter_reference_pictures((REFERENCE / "images/subset3.zip").read_bytes())
    pictures = [open_picture(content, Limits()).picture for content in contents]
    sizes = [tuple(metadata[picture.hash_id]["image_resolution"]) for picture in pictures]
    assert len(pictures) == 20
    assert sizes == [(picture.width, picture.height) for picture in pictures]
