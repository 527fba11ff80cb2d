"""Everybody can use the page: by keys, in the dark, on a phone; and strangers' names stay words."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.shared.review.browser.conftest import PHONE, WIDE, Window, window_of
from tests.shared.review.browser.made_up import MadeUp

pytestmark = pytest.mark.browser
PAGES = {
    "board": ("/", ".tags a"),
    "grid": ("/#/tags/1?order=around&answered=none&text=IMG", ".cell img"),
    "one": ("/#/tags/1?mode=one", ".stage img"),
    "like": ("/#/tags/1?like=z3", ".cell img"),
    "search": ("/#/pictures?find=IMG_00001", ".cell img"),
    "archives": ("/#/archives?tag=1", ".archives a"),
}
HOSTILE = '<img src=x onerror="console.error(1)">{{7*7}}\u202egpj.\x00{}.jpg'
GRAVE = ("serious", "critical", "moderate")


@pytest.fixture(params=["light", "dark", "phone"])
def window(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Window]:
    """The board as it looks to people of different taste and size."""
    options: dict[str, dict[str, Any]] = {
        "light": {"viewport": WIDE, "color_scheme": "light"},
        "dark": {"viewport": WIDE, "color_scheme": "dark"},
        "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True},
    }
    yield from window_of(chromium, MadeUp(), "/", **options[request.param])


def found_by_axe(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for one in violations
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def go(page: Page, path: str, shown: str) -> None:
    page.evaluate("path => { location.hash = path; }", path.removeprefix("/"))
    expect(page.locator(shown).first).to_be_visible()


def test_axe_finds_nothing_on_any_page(window: Window) -> None:
    page = window.page
    for path, shown in PAGES.values():
        go(page, path, shown)
        assert found_by_axe(page) == [], path
    go(page, *PAGES["grid"])
    window.press("y", "n", "s", "x", "l", "x", "t", "f")
    expect(page.get_by_role("region", name="learning")).to_contain_text("0.920")
    page.locator(".grid").focus()
    assert found_by_axe(page) == []
    window.press("Enter")
    expect(page.locator(".facts table")).to_be_visible()
    assert found_by_axe(page) == []
    window.press("Shift+?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert found_by_axe(page) == []


def test_no_page_is_wider_than_a_phone(chromium: Browser) -> None:
    for window in window_of(chromium, MadeUp(), "/", viewport=PHONE):
        for path, shown in PAGES.values():
            go(window.page, path, shown)
            assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_where_one_stands_is_told_and_seen(opened: Window) -> None:
    grid = opened.page.get_by_role("grid")
    expect(grid).to_be_focused()
    opened.press("ArrowRight", "ArrowDown")
    expect(grid).to_have_attribute("aria-activedescendant", "picture-9")
    style = opened.page.locator("#picture-9").evaluate(
        "cell => getComputedStyle(cell).outlineWidth"
    )
    assert style == "3px"


def test_hostile_names_stay_words(chromium: Browser) -> None:
    server = MadeUp(names=HOSTILE.replace("{}", "%d").__mod__, archives=[HOSTILE])
    server.tags = []
    server.add_tag(HOSTILE)
    for window in window_of(chromium, server, "/"):
        page = window.page
        expect(page.locator(".tags .name")).to_have_text(HOSTILE)
        for path, shown in PAGES.values():
            go(page, path.replace("IMG_00001", "gpj").replace("&text=IMG", ""), shown)
            assert page.locator("img[src='x']").count() == 0
        go(page, *PAGES["one"])
        window.press("Enter")
        expect(page.locator(".facts h2")).to_contain_text("onerror")


def test_a_picture_that_cannot_be_had_shows_its_words(chromium: Browser) -> None:
    server = MadeUp(n_pictures=3)
    for window in window_of(chromium, server, "/"):
        window.page.route("**/thumbnails/z1/**", lambda route: route.fulfill(status=404, body=""))
        go(window.page, *PAGES["grid"])
        expect(window.page.get_by_role("img", name="IMG_000001.jpg")).to_be_visible()
        window.complaints.clear()  # the browser's own word of the missing file
