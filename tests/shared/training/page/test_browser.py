"""The pages as a browser shows them."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.training.page.report_page import tag_page, write_pages
from tests.browser import opened
from tests.shared.training.page.records import record, reports, reports_of

pytestmark = pytest.mark.browser
RED = (255, 0, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports with a mistake about one red picture that is larger than its thumbnail."""
    image = Image.new("RGB", (400, 200), RED)
    image.save(tmp_path / "a b#?.png")
    name = pixel_hash_of_strips([image.tobytes()])
    one = record(path=str(tmp_path / "a b#?.png"), name=name)
    folder = tmp_path / "reports"
    folder.mkdir()
    tags = [reports("<script>console.error(1)</script>"), reports_of("dog", {"ovr-svm": one})]
    write_pages(folder, tags, [tag_page(tag, folder) for tag in tags], [], Silence())
    return folder


def n_red(page: Path, anchor: str = "") -> int:
    shot = page.with_suffix(".png")
    done = opened(page, f"--screenshot={shot}", "--window-size=900,900", anchor=anchor)
    assert "CONSOLE" not in done.stderr
    with Image.open(shot) as image:
        red, *others = image.convert("RGB").split()
    dark = [one.point(lambda level: 255 * (level < 4)) for one in others]
    return sum(ImageChops.darker(ImageChops.darker(*dark), red).histogram()[-4:])


def test_the_pages_open_with_their_figures_and_without_a_complaint(folder: Path) -> None:
    for page in folder.glob("*.html"):
        done = opened(page, "--dump-dom")
        assert "CONSOLE" not in done.stderr
        n_figures = {"index.html": 0, "tag-dog.html": 4}.get(page.name, 5)
        assert done.stdout.count("<svg") == n_figures


def test_a_picture_is_small_on_the_page_and_fills_it_when_it_is_clicked(folder: Path) -> None:
    page = folder / "tag-dog.html"
    assert 5_000 < n_red(page) < 40_000
    assert n_red(page, "#large-1") > 250_000


def test_a_complaint_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<script>nonsense()</script>")
    assert "CONSOLE" in opened(page, "--dump-dom").stderr
