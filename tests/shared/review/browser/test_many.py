"""Ten million pictures are looked at like a hundred."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.shared.review.browser.conftest import Window, window_of
from tests.shared.review.browser.made_up import MadeUp

pytestmark = pytest.mark.browser
N_PICTURES = 10_000_000
MAX_NODES = 2_000
SECONDS = 0.05
"""Until a picture is there after its key."""
SHOWN = """() => {
  const { top, bottom } = document.querySelector(".grid").getBoundingClientRect();
  const isShown = (cell) => {
    const place = cell.getBoundingClientRect();
    return place.top >= top - 1 && place.bottom <= bottom + 9;
  };
  return [...document.querySelectorAll(".cell")].filter(isShown)
    .map((cell) => Number(cell.id.slice(8)));
}"""


@pytest.fixture(scope="module")
def many(chromium: Browser) -> Iterator[Window]:
    """The highest of very many pictures."""
    yield from window_of(chromium, MadeUp(N_PICTURES), "/#/tags/1?order=highest")


def first_shown(page: Page) -> int:
    shown: list[int] = page.evaluate(SHOWN)
    return shown[0]


def drawn(page: Page) -> None:
    """Wait until all that one sees is there."""
    page.wait_for_timeout(300)
    expect(page.locator(".cell:empty")).to_have_count(0)


def test_the_scroll_bar_is_true_from_the_start(many: Window) -> None:
    page = many.page
    page.locator(".grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2; }")
    drawn(page)
    assert abs(first_shown(page) - N_PICTURES / 2) < 10_000
    number = first_shown(page)
    expect(page.locator(f"#picture-{number} .name")).to_have_text(f"IMG_{number:06}.jpg")


def test_the_wheel_moves_by_rows_in_a_list_of_any_length(many: Window) -> None:
    page = many.page
    page.locator(".grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight / 4; }")
    drawn(page)
    before = first_shown(page)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 500)
    drawn(page)
    assert 0 < first_shown(page) - before < 50
    page.mouse.wheel(0, -500)
    drawn(page)
    assert abs(first_shown(page) - before) <= 8


def test_keys_reach_the_first_and_the_last(many: Window) -> None:
    many.press("End")
    drawn(many.page)
    assert many.page.evaluate(SHOWN)[-1] == N_PICTURES - 1
    many.press("PageUp")
    drawn(many.page)
    assert many.page.evaluate(SHOWN)[-1] == N_PICTURES - 25
    many.press("Home")
    drawn(many.page)
    assert first_shown(many.page) == 0


def test_a_bar_of_the_histogram_leads_to_its_scores(many: Window) -> None:
    bars = many.page.get_by_role("group", name="scores").get_by_role("button")
    expect(bars).to_have_count(20)
    bars.nth(4).click()  # from 0.2 to 0.25
    drawn(many.page)
    assert first_shown(many.page) == N_PICTURES * 3 // 4
    expect(bars.nth(4)).to_have_attribute("aria-current", "true")
    many.press("[")
    drawn(many.page)
    assert first_shown(many.page) == N_PICTURES * 7 // 10


def test_there_are_as_many_elements_as_one_sees(many: Window) -> None:
    for at in (0.1, 0.9, 0.3):
        many.page.locator(".grid").evaluate(
            "(grid, at) => { grid.scrollTop = grid.scrollHeight * at; }", at
        )
        drawn(many.page)
    assert many.page.evaluate("document.querySelectorAll('*').length") < MAX_NODES


def test_the_next_twenty_are_loaded_before_they_are_asked_for(chromium: Browser) -> None:
    server = MadeUp(N_PICTURES)
    for window in window_of(chromium, server, "/#/tags/1?order=highest"):
        window.press("o")
        expect(window.page.locator(".stage img")).to_be_visible()
        window.page.wait_for_timeout(1_000)
        large = {url.split("/")[-2] for url in server.asked if url.endswith("/1024")}
        assert {f"z{number}" for number in range(21)} <= large


def test_a_picture_is_there_at_once_after_its_key(chromium: Browser) -> None:
    # What is decoded and in its place when the key has been heard is painted with the next frame.
    heard = """key => {
      const from = performance.now();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      const image = document.querySelector(".stage img");
      const isThere = image.complete && image.naturalWidth > 0;
      return [image.alt, isThere, performance.now() - from];
    }"""
    for window in window_of(chromium, MadeUp(N_PICTURES), "/#/tags/1?order=highest"):
        window.press("o")
        window.page.wait_for_timeout(1_000)
        found = [window.page.evaluate(heard, key) for key in "ynyynyynyy"]
        names = [f"IMG_{number:06}.jpg" for number in range(1, 11)]
        assert [alt.partition(" in ")[0] for alt, _, _ in found] == names
        assert all(is_there for _, is_there, _ in found)
        times = sorted(milliseconds / 1000 for _, _, milliseconds in found)
        assert times[len(times) // 2] < SECONDS


def test_one_goes_on_where_one_left(chromium: Browser) -> None:
    for window in window_of(chromium, MadeUp(N_PICTURES), "/#/tags/1?order=highest"):
        page = window.page
        page.locator(".grid").evaluate("grid => { grid.scrollTop = 300_000; }")
        drawn(page)
        there = page.locator(".cell.current").get_attribute("id")
        window.press("b")
        page.get_by_role("link", name="Go on with cat").click()
        drawn(page)
        assert page.locator(".cell.current").get_attribute("id") == there
