"""Pictures of the review page for its README: `python -m tests.shared.review.browser.screenshots`.

They show the sample, of which few pictures are tagged, so that there is something to learn.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.browser import browser
from tests.shared.review.browser.conftest import PHONE, WIDE
from tests.shared.review.browser.sample import TAG, Sample, make_sample, serving
from tests.worlds import ROOT

FOLDER = ROOT / "stage4"
N_ANSWERS = 12
LEARNING_MS = 120_000
MAX_BYTES = 150_000


def main() -> None:
    """Take all pictures anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        sample = make_sample(Path(folder))
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        with serving(sample.output) as link:
            state = _take_grid(chromium, link, sample)
            address = link.partition("?")[0]
            _take_learned(chromium, address, sample, state)
            _take_large(chromium, address, state)
            _take_phone(chromium, address, sample, state)
        chromium.close()


@contextmanager
def _page(chromium: Browser, **options: Any) -> Iterator[Page]:
    with chromium.new_context(**options) as context:
        yield context.new_page()


def _take_grid(chromium: Browser, link: str, sample: Sample) -> StorageState:
    """The grid at work: some are answered, and a range is chosen."""
    with _page(chromium, viewport=WIDE, color_scheme="light") as page:
        page.goto(link)
        _open_tag(page)
        page.keyboard.press("2")
        expect(page.locator(".histogram button").first).to_be_visible()
        _answer(page, sample, N_ANSWERS)
        for _ in range(2):
            page.keyboard.press("Shift+ArrowRight")
        _save(page, "review.png")
        page.keyboard.press("Escape")
        return page.context.storage_state()


def _take_learned(chromium: Browser, address: str, sample: Sample, state: StorageState) -> None:
    """In the dark: the figures before and after, and the highest scores."""
    options = {"viewport": WIDE, "color_scheme": "dark", "storage_state": state}
    with _page(chromium, **options) as page:
        page.goto(address)
        _open_tag(page)
        for _ in range(2):  # the second time there are figures before, too
            _answer(page, sample, 2 * N_ANSWERS)
            page.keyboard.press("t")
            expect(page.locator(".learning progress")).to_be_visible()
            expect(page.locator(".learning table")).to_be_visible(timeout=LEARNING_MS)
        page.keyboard.press("2")
        expect(page.locator(".histogram button").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        _save(page, "review-dark.png")


def _take_large(chromium: Browser, address: str, state: StorageState) -> None:
    with _page(chromium, viewport=WIDE, color_scheme="light", storage_state=state) as page:
        page.goto(address)
        _open_tag(page)
        page.keyboard.press("Enter")
        expect(page.locator(".facts table")).to_be_visible()
        _save(page, "review-large.png")


def _take_phone(chromium: Browser, address: str, sample: Sample, state: StorageState) -> None:
    options = {"viewport": PHONE, "color_scheme": "light", "has_touch": True}
    with _page(chromium, storage_state=state, **options) as page:
        page.goto(address)
        _open_tag(page)
        _answer(page, sample, 4)
        _save(page, "review-phone.png")


def _open_tag(page: Page) -> None:
    page.locator(".tags .name", has_text=TAG).click()
    expect(page.locator(".cell.current img")).to_be_visible()


def _answer(page: Page, sample: Sample, n_answers: int) -> None:
    truths = sample.truths()
    for _ in range(n_answers):
        picture = page.locator(".cell.current").get_attribute("data-picture") or ""
        page.keyboard.press("y" if truths[picture] else "n")


def _save(page: Page, name: str) -> None:
    """Wait until all is drawn, and keep what a picture of so few colours needs."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    path = FOLDER / name
    page.screenshot(path=path)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(255, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    assert path.stat().st_size <= MAX_BYTES, path


if __name__ == "__main__":
    main()
