"""The pictures of the READMEs are what a page shows, in light and in dark."""

from pathlib import Path

import pytest
from PIL import Image

from tests.screenshots import PICTURES, WIDTH, main

pytestmark = pytest.mark.browser
PAGE = """<meta name="color-scheme" content="light dark"><body style="background: Canvas">
<svg width="99" height="99"><rect width="99" height="99" fill="red"/>"""


def test_each_page_has_a_picture_in_light_and_in_dark(tmp_path: Path) -> None:
    for page, (picture, _) in PICTURES.items():
        for path in (tmp_path / page, tmp_path / picture):
            path.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / page).write_text(PAGE)
    main(tmp_path, tmp_path)
    for picture, height in PICTURES.values():
        corners = []
        for end in ("", "-dark"):
            with Image.open(tmp_path / f"{picture}{end}.png") as image:
                assert image.size == (WIDTH, height)
                colors = image.convert("RGB")
                assert colors.getpixel((50, 50)) == (255, 0, 0)
                corners.append(sum(colors.getpixel((WIDTH - 1, height - 1))))  # type: ignore[arg-type]
        assert corners[0] == 3 * 255
        assert corners[1] < 150
    assert not list(tmp_path.rglob("profile"))
