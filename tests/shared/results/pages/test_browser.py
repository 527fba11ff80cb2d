"""Pages of a results folder as a browser shows them."""

import re
from pathlib import Path

import pytest
from PIL import Image

from shared.results.pages.histogram import histogram
from shared.results.pages.tiles import PictureView
from shared.results.pages.views import Group, TagCard, Turning, index_page, tag_page
from tests.browser import opened

pytestmark = pytest.mark.browser
HOSTILE = '<script>console.error(1)</script><img src=x onerror="console.error(2)">'
RED = (255, 0, 0)
TRUST = "by the scores about 97% (93% to 100%) of these have the tag"


def card(name: str = "cat") -> TagCard:
    bars = histogram("svm, which decides", ["0.5", "1.0"], [7, 1], 0.62, ["tag1-1.html"] * 2)
    best = [PictureView("svm/cat/1.0/1.png", f"/zips/a.zip!/{name}", 0.9)]
    return TagCard(name, 1, 8, "svm from 0.620 on", TRUST, [bars], best, "tag1-1.html", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder with one red picture."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "svm" / "cat" / "1.0").mkdir(parents=True)
    Image.new("RGB", (40, 40), RED).save(tmp_path / "svm" / "cat" / "1.0" / "1.png")
    return tmp_path


def n_red(page: Path, width: int, *options: str) -> int:
    """Count the red dots of a page that is opened without a complaint."""
    shot = page.with_suffix(".png")
    size = f"--window-size={width},900"
    done = opened(page, f"--screenshot={shot}", size, "--hide-scrollbars", *options)
    assert "CONSOLE" not in done.stderr
    with Image.open(shot) as image:
        colors = image.convert("RGB").getcolors(2**24) or []
    return sum(n for n, color in colors if color == RED)


def test_the_pictures_of_the_folder_are_drawn(folder: Path) -> None:
    index, page = folder / "index.html", folder / "pages" / "tag1-1.html"
    index.write_text(index_page("Tags", [card()], "pages"))
    page.write_text(
        tag_page(
            card(),
            [Group("bin-1.0", "0.5 to 1.0", card().best)],
            Turning(1, has_next=False, pattern=""),
        )
    )
    assert n_red(index, 1280) > 100 * 100
    assert n_red(page, 500) > 80 * 80


def test_hostile_names_stay_words(folder: Path) -> None:
    index = folder / "index.html"
    index.write_text(index_page(HOSTILE, [card(HOSTILE)], "pages"))
    done = opened(index, "--dump-dom")
    assert "CONSOLE" not in done.stderr
    assert "<script" not in done.stdout
    assert len(re.findall("<img ", done.stdout)) == 1


def test_a_picture_from_elsewhere_would_be_refused(folder: Path) -> None:
    index = folder / "index.html"
    page = index_page("Tags", [card()], "pages")
    index.write_text(
        page.replace('src="svm', 'src="http://127.0.0.1:9/svm').replace('"lazy"', '"eager"')
    )
    assert "Content Security Policy" in opened(index, "--dump-dom").stderr
