"""A browser that is driven, and the page in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser import browser
from tests.shared.review.browser.made_up import ADDRESS, MadeUp

WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
expect.set_options(timeout=20_000)  # a busy machine is slow


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser that is installed, one for a file of tests."""
    path = browser()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@dataclass
class Window:
    """A page of the browser, and what went wrong in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def made_up() -> MadeUp:
    """A made-up server, before a page has been there."""
    return MadeUp()


@pytest.fixture
def opened(chromium: Browser, made_up: MadeUp) -> Iterator[Window]:
    """The tag *cat* of the made-up server in a window; nothing may be complained of in it."""
    yield from window_of(chromium, made_up, "/#/tags/1?order=highest")


def window_of(chromium: Browser, made_up: MadeUp, path: str, **options: Any) -> Iterator[Window]:
    """Open a page of a made-up server in a new window."""
    with chromium.new_context(**{"viewport": WIDE} | options) as context:
        window = Window(context.new_page())
        made_up.serve(window.page)
        window.page.goto(ADDRESS + path)
        expect(window.page.locator(".cell img, .tags a, .archives a").first).to_be_visible()
        yield window
        assert window.complaints == []
        assert made_up.unknown == []
