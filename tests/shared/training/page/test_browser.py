"""The page as a browser shows it."""

from pathlib import Path

import pytest
from PIL import Image

from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.training.page.report_page import TagReports, section, write_page
from tests.browser import opened
from tests.shared.training.page.records import record, reports

pytestmark = pytest.mark.browser


def test_the_page_opens_with_its_figures_and_without_a_complaint(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    image = Image.new("L", (20, 10), 99)
    image.save(tmp_path / "1.png")
    name = pixel_hash_of_strips([image.tobytes()])
    shown = TagReports("dog", {"ovr-svm": record(path=str(tmp_path / "1.png"), name=name)})
    tags = [reports("<script>console.error(1)</script>"), shown]
    write_page(page, tags, map(section, tags), Silence())
    done = opened(page, "--dump-dom")
    assert [done.stdout.count(f"<{name}") for name in ("svg", "section", "img")] == [2, 2, 1]
    for title in ("precision and recall", "reliability", "scores, svm", "learning curve"):
        assert done.stdout.count(f">{title}</text>") == 2
    assert "CONSOLE" not in done.stderr


def test_a_complaint_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<script>nonsense()</script>")
    assert "CONSOLE" in opened(page, "--dump-dom").stderr
