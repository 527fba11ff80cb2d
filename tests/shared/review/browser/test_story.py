"""The whole story on the sample: look, label, learn, and see that it was worth it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from tests.shared.review.browser.conftest import WIDE, Window
from tests.shared.review.browser.sample import (
    DIGITS,
    HOSTILE,
    LABELLED_IN,
    TAG,
    Sample,
    make_sample,
    serving,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
N_ANSWERS = 20
LEARNING_MS = 120_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample, classified by what few pictures teach."""
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def link(sample: Sample) -> Iterator[str]:
    """The link that a running review has shown."""
    with serving(sample.output) as shown:
        yield shown


@dataclass
class Story(Window):
    """A window, and all that the browser has asked for."""

    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)


@pytest.fixture(scope="module")
def story(chromium: Browser, link: str) -> Iterator[Story]:
    """A browser that has opened the link; nothing goes wrong in it, and nothing leaves."""
    with chromium.new_context(viewport=WIDE) as context:
        story, address = Story(context.new_page()), link.partition("?")[0]
        story.page.goto(link)
        expect(story.page.get_by_role("heading", name="Tags")).to_be_visible()
        expect(story.page).to_have_url(address)  # the token is not left to be seen
        yield story
        assert [url for url in story.asked if not url.startswith(address)] == []
        assert story.complaints == []


def open_tag(page: Page, name: str = TAG) -> None:
    page.keyboard.press("b")
    page.locator(".tags .name", has_text=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator(".cell.current img")).to_be_visible()


def standing_on(page: Page) -> str:
    picture = page.locator(".cell.current").get_attribute("data-picture")
    assert picture
    return picture


def test_twenty_answers_make_the_classifier_better_where_it_has_never_been(
    story: Story, sample: Sample
) -> None:
    page, truths, before = story.page, sample.truths(), sample.average_precision()
    page.get_by_role("link", name="Archives").click()
    page.get_by_label("tag", exact=True).select_option(TAG)
    box = page.locator(".archives li", has_text=LABELLED_IN)
    box.get_by_role("link", name=TAG).click()
    expect(page.get_by_role("button", name=f"in {LABELLED_IN}")).to_be_visible()
    story.press("1")
    expect(page.get_by_role("button", name="Most worth")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".cell.current img")).to_be_visible()
    for _ in range(N_ANSWERS):
        story.press("y" if truths[standing_on(page)] else "n")
    story.press("t")
    learning = page.get_by_role("region", name="learning")
    expect(learning).to_contain_text("after", timeout=LEARNING_MS)
    assert sample.average_precision() > before + 0.1


def test_undo_takes_back_what_was_said(story: Story) -> None:
    page = story.page
    open_tag(page)
    before = page.locator(".facts-of-tag").inner_text()
    first = standing_on(page)
    story.press("n", "y", "s", "Shift+N")
    expect(page.locator("#picture-0")).to_have_attribute("data-answer", "no")
    story.press("u", "u", "u", "u")
    expect(page.locator("#picture-0")).to_have_attribute("data-answer", "")
    expect(page.locator(".facts-of-tag")).to_have_text(before)
    assert standing_on(page) == first


def test_more_like_this_begins_a_new_tag(story: Story) -> None:
    page = story.page
    open_tag(page)
    story.press("2", "m")
    expect(page.locator(".what")).to_contain_text("More like")
    expect(page.locator(".cell.current img")).to_be_visible()
    story.press("Shift+ArrowRight", "Shift+ArrowRight")
    page.get_by_role("button", name="A tag from the chosen").click()
    page.get_by_label("name of the tag").fill("round")
    story.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("round")
    expect(page.locator(".cell[data-answer=yes]")).to_have_count(3)
    page.reload()  # the answers are the server's now
    expect(page.locator(".cell[data-answer=yes]")).to_have_count(3)
    story.press("b")
    expect(page.locator(".tags li", has_text="round")).to_contain_text("3 yes")


def test_the_large_view_tells_all_scores_and_the_address(story: Story) -> None:
    page = story.page
    open_tag(page)
    story.press("2", "Enter")
    expect(page.locator(".facts table tbody tr")).to_have_count(2 * len(DIGITS))
    expect(page.locator(".facts")).to_contain_text(".zip!/")
    expect(page.locator(".stage img")).to_have_js_property("complete", value=True)
    assert page.locator(".stage img").evaluate("image => image.naturalWidth") > 0
    story.press("Escape")
    expect(page.get_by_role("grid")).to_be_visible()


def test_hostile_names_are_words_and_what_is_gone_is_a_tile(story: Story) -> None:
    page = story.page
    for text, name in (("hostile.zip", f"0{HOSTILE}"), ("gone.zip", "gone.png")):
        page.get_by_role("searchbox").first.fill(text)
        page.get_by_role("searchbox").first.press("Enter")
        expect(page.locator(".caption .name").first).to_have_text(name)
        image = page.locator(".cell img").first
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("image => image.naturalWidth") > 0
    assert page.locator("img[src='x']").count() == 0


def test_axe_finds_nothing_on_real_pictures(story: Story) -> None:
    open_tag(story.page)
    story.press("Enter")
    expect(story.page.locator(".facts table")).to_be_visible()
    violations = Axe().run(story.page).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []


def test_the_link_works_once(chromium: Browser, link: str, story: Story) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_role("alert").first).to_contain_text("This link was used already")
    assert story.complaints == []
