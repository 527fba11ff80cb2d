import base64
import io
import os
import zlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from shared.hashing import pixel_hash_of_strips
from shared.records import Limits
from shared.training.page.thumbnails import SIDE_PIXELS, Thumbnail, thumbnail

FOLDER = Path("/reports")


def made(path: Path | str, name: str, limits: Limits | None = None) -> Thumbnail | None:
    """Make a thumbnail for a page of a folder beside."""
    folder = Path(path).parent / "reports" if isinstance(path, Path) else FOLDER
    return thumbnail(str(path), name, folder, limits or Limits())


def opened(found: Thumbnail) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(found.address.partition(",")[2])))


def saved(path: Path, mode: str = "RGB", size: tuple[int, int] = (300, 200)) -> str:
    """Write a picture and return its hash."""
    image = Image.new(mode, size)
    image.save(path)
    return pixel_hash_of_strips([image.tobytes()])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_a_picture_becomes_a_small_one(tmp_path: Path, mode: str) -> None:
    found = made(tmp_path / "1.png", saved(tmp_path / "1.png", mode))
    assert found
    assert found.address.startswith("data:image/webp;base64,")
    assert max(opened(found).size) == SIDE_PIXELS


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    whole = made(tmp_path / "1.png", saved(tmp_path / "1.png", size=(20, 10)))
    shrunk = made(tmp_path / "2.png", saved(tmp_path / "2.png"))
    assert whole
    assert shrunk
    assert (whole.is_whole, opened(whole).format, opened(whole).size) == (True, "PNG", (20, 10))
    assert not shrunk.is_whole


@pytest.mark.parametrize("name", ["1.png", "a b#?%:é.png"])
def test_the_large_picture_is_found_from_the_page(tmp_path: Path, name: str) -> None:
    found = made(tmp_path / name, saved(tmp_path / name))
    assert found
    assert not urlsplit(found.large).scheme
    assert (tmp_path / "reports" / unquote(found.large)).resolve() == tmp_path / name


def test_what_no_browser_shows_is_shown_small(tmp_path: Path) -> None:
    found = made(tmp_path / "1.tif", saved(tmp_path / "1.tif"))
    assert found
    assert found.large == found.address


def palette_png(path: Path, transparency: bytes) -> str:
    """Write two pixels of a palette of red and green, and return the picture's hash."""
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    image.save(path, transparency=transparency[:2])
    # Pillow itself writes no more alpha than the palette has colours.
    whole = path.read_bytes()
    at = whole.index(b"tRNS")
    chunk = b"tRNS" + transparency
    check = zlib.crc32(chunk).to_bytes(4, "big")
    rest = whole[at + 4 + int.from_bytes(whole[at - 4 : at], "big") + 4 :]
    path.write_bytes(whole[: at - 4] + len(transparency).to_bytes(4, "big") + chunk + check + rest)
    return pixel_hash_of_strips([image.tobytes()])


@pytest.mark.filterwarnings("error")
def test_a_palette_keeps_its_transparency_and_nothing_is_warned_of(tmp_path: Path) -> None:
    name = palette_png(tmp_path / "1.png", b"\x80\x20")
    found = made(tmp_path / "1.png", name)
    assert found
    small = opened(found)
    assert [small.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0, 128), (0, 255, 0, 32)]


def test_a_picture_that_cannot_be_converted_is_not_shown(tmp_path: Path) -> None:
    name = palette_png(tmp_path / "1.png", b"\x80" * 400)
    assert made(tmp_path / "1.png", name) is None


def test_another_picture_in_its_place_is_not_shown(tmp_path: Path) -> None:
    saved(tmp_path / "1.png")
    assert made(tmp_path / "1.png", "ab" * 64) is None


def test_a_picture_beyond_the_limits_is_not_decoded(tmp_path: Path) -> None:
    name = saved(tmp_path / "1.png")
    assert made(tmp_path / "1.png", name, Limits(max_megapixels=0.01)) is None
    assert made(tmp_path / "1.png", name, Limits(max_member_bytes=10)) is None


def test_what_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    paths = ["", ".", "pipe", str(tmp_path / "pipe"), str(tmp_path), "/dev/zero", "a\0b", "/a\0b"]
    strange = [f"{tmp_path}/pets.zip!/1.png", "/" + "x" * 5000, "http://example.org/1.png"]
    assert [made(one, "") for one in [*paths, *strange]] == [None] * 11


def test_a_name_without_a_folder_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = saved(tmp_path / "1.png")
    monkeypatch.chdir(tmp_path)
    assert made("1.png", name) is None


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.png").write_bytes(content)
    assert made(tmp_path / "1.png", "") is None
