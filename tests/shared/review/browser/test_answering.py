"""What keys say is what the server is told, in their order."""

import pytest
from playwright.sync_api import Browser, expect

from tests.shared.review.browser.conftest import PHONE, Window, window_of
from tests.shared.review.browser.made_up import ADDRESS, MadeUp

pytestmark = pytest.mark.browser
COLUMNS = 8


def told(window: Window, made_up: MadeUp, n_steps: int) -> list[dict[str, str]]:
    """What the server has been told, step by step, once it has heard so many."""
    for _ in range(200):
        if len(made_up.steps) >= n_steps:
            break
        window.page.wait_for_timeout(50)
    paths = [said for said in made_up.said if said["path"].endswith("/answers")]
    return [{one["picture"]: one["answer"] for one in said["answers"]} for said in paths]


def test_a_key_answers_and_moves_on_and_the_order_is_kept(opened: Window, made_up: MadeUp) -> None:
    opened.press("y", "n", "s", "y")
    assert told(opened, made_up, 4) == [
        {"z0": "yes"},
        {"z1": "no"},
        {"z2": "skip"},
        {"z3": "yes"},
    ]
    expect(opened.page.locator(".facts-of-tag")).to_contain_text("2 yes · 1 no · 1 skipped")
    expect(opened.page.locator("#said")).to_have_text("yes: IMG_000003.jpg")


def test_a_range_is_answered_at_once(opened: Window, made_up: MadeUp) -> None:
    opened.press("Shift+ArrowRight", "Shift+ArrowDown", "y")
    assert told(opened, made_up, 1) == [{f"z{n}": "yes" for n in range(COLUMNS + 2)}]


def test_the_rest_of_a_row_is_no(opened: Window, made_up: MadeUp) -> None:
    opened.press("l", "y", "x", "a")
    rest = {f"z{n}": "no" for n in range(COLUMNS) if n != 1} | {"z2": "yes"}
    assert told(opened, made_up, 2) == [{"z1": "yes"}, rest]
    expect(opened.page.locator(".cell.current")).to_have_id(f"picture-{COLUMNS}")


def test_all_of_the_screen_is_yes_but_what_was_marked(opened: Window, made_up: MadeUp) -> None:
    opened.page.locator("#picture-3").click()
    opened.page.locator("#picture-9").click()
    button = opened.page.get_by_role("button", name="screen: 22 yes, 2 no")
    expect(button).to_be_visible()
    opened.press("Shift+Y")
    (step,) = told(opened, made_up, 1)
    assert {picture for picture, answer in step.items() if answer == "no"} == {"z3", "z9"}
    assert len(step) == 3 * COLUMNS
    expect(opened.page.locator("#picture-24")).to_be_in_viewport()


def test_a_held_key_answers_once(opened: Window, made_up: MadeUp) -> None:
    opened.page.keyboard.down("y")
    opened.page.keyboard.down("y")
    opened.page.keyboard.up("y")
    opened.press("n")
    assert told(opened, made_up, 2) == [{"z0": "yes"}, {"z1": "no"}]


def test_any_number_of_steps_is_undone(opened: Window, made_up: MadeUp) -> None:
    opened.press("y", "n", "Shift+N", "u", "u", "u")
    expect(opened.page.locator(".facts-of-tag")).to_contain_text("0 yes · 0 no")
    expect(opened.page.locator(".cell[data-answer=yes], .cell[data-answer=no]")).to_have_count(0)
    assert made_up.answers == {}
    expect(opened.page.locator(".cell.current")).to_have_id("picture-0")


def test_an_answer_that_is_refused_is_shown_and_taken_back(opened: Window, made_up: MadeUp) -> None:
    made_up.refusals.append("The disk is full.")
    opened.press("y", "n")
    alert = opened.page.get_by_role("alert")
    expect(alert).to_have_text("Not saved, and taken back: 1 answer. The disk is full.")
    expect(opened.page.locator("#picture-0")).to_have_attribute("data-answer", "")
    expect(opened.page.locator("#picture-1")).to_have_attribute("data-answer", "no")
    opened.complaints.clear()  # the browser's own word of the refusal


def test_what_is_out_of_sight_is_not_answered(opened: Window, made_up: MadeUp) -> None:
    opened.page.locator(".grid").evaluate("grid => { grid.scrollTop = 5000; }")
    expect(opened.page.locator("#picture-0")).to_have_count(0)
    expect(opened.page.locator(".cell.current img")).to_be_visible()
    opened.press("y")
    (step,) = told(opened, made_up, 1)
    assert "z0" not in step


def test_words_in_a_field_are_no_keys(opened: Window, made_up: MadeUp) -> None:
    opened.press("/")
    opened.page.keyboard.type("yn")
    expect(opened.page.get_by_role("searchbox")).to_have_value("yn")
    opened.press("Escape", "y")
    assert told(opened, made_up, 1) == [{"z0": "yes"}]


def test_a_new_tag_begins_with_more_like_this(opened: Window, made_up: MadeUp) -> None:
    page = opened.page
    opened.press("l", "m")
    expect(page.locator(".what")).to_contain_text("More like")
    opened.press("x", "l", "x")
    page.get_by_role("button", name="A tag from the chosen").click()
    page.get_by_label("name of the tag").fill("boats")
    opened.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("boats")
    assert told(opened, made_up, 1) == [{"z1": "yes", "z2": "yes"}]
    assert made_up.steps[0][0] == 3


def test_learning_shows_the_figures_before_and_after(opened: Window) -> None:
    opened.press("y", "t")
    learning = opened.page.get_by_role("region", name="learning")
    expect(learning).to_contain_text("0.810")
    expect(learning).to_contain_text("0.920")
    measured = learning.get_by_role("row", name="measured on").get_by_role("cell")
    expect(measured).to_have_text(["40 yes, 120 no", "52 yes, 1,208 no"])
    expect(opened.page.locator("#said")).to_contain_text("0.810 before, 0.920 after")


def test_a_tag_begins_with_a_name_and_a_search(opened: Window, made_up: MadeUp) -> None:
    page = opened.page
    opened.press("b")
    page.get_by_label("name of a new tag").fill("boats")
    opened.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("boats")
    opened.press("/")
    page.keyboard.type("IMG_00004")
    opened.press("Enter")
    expect(page.locator(".what")).to_contain_text("Found by “IMG_00004”")
    opened.press("Shift+ArrowRight", "y")
    assert told(opened, made_up, 1) == [{"z40": "yes", "z41": "yes"}]
    assert made_up.steps[0][0] == 3


def test_orders_and_filters_are_asked_for(opened: Window, made_up: MadeUp) -> None:
    page = opened.page
    opened.press("4", "f")
    page.get_by_label("score from").fill("0.2")
    page.get_by_label("answered", exact=True).select_option("none")
    expect(page.get_by_role("button", name="from 0.2: take this filter away")).to_be_visible()
    expect(page.get_by_role("button", name="without an answer: take")).to_be_visible()
    page.get_by_label("where", exact=True).select_option("archived")
    chip = page.get_by_role("button", name="in archives: take this filter away")
    expect(chip).to_be_visible()
    wanted = "order=around&min_score=0.2&answered=none&where=archived"
    assert any(wanted in asked for asked in made_up.asked)
    chip.click()
    expect(chip).to_have_count(0)
    assert "where" not in page.url


def test_what_could_not_be_sent_is_taken_back(opened: Window, made_up: MadeUp) -> None:
    opened.page.route("**/answers", lambda route: route.abort())
    opened.press("y", "n")
    alert = opened.page.get_by_role("alert")
    expect(alert).to_contain_text("The server does not answer: is review.py still running?")
    expect(opened.page.locator(".cell[data-answer=yes], .cell[data-answer=no]")).to_have_count(0)
    assert made_up.answers == {}
    opened.complaints.clear()  # the browser's own word of it


def test_escape_leads_from_the_large_picture_to_its_place_in_the_grid(opened: Window) -> None:
    opened.press("l", "Enter", "l", "l")
    expect(opened.page.locator(".stage img")).to_have_attribute(
        "alt", "IMG_000003.jpg in box-7.zip/inner.zip"
    )
    opened.press("Escape")
    expect(opened.page.locator(".cell.current")).to_have_id("picture-3")
    expect(opened.page).to_have_url("http://review.test/#/tags/1?order=highest")


def test_a_locked_caps_lock_answers_no_screen(opened: Window, made_up: MadeUp) -> None:
    opened.page.evaluate(
        """() => document.body.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Y", code: "KeyY", bubbles: true }))"""
    )
    assert told(opened, made_up, 1) == [{"z0": "yes"}]


def test_keys_are_where_they_are_on_keyboards_of_other_letters(
    opened: Window, made_up: MadeUp
) -> None:
    opened.page.evaluate(
        """() => document.body.dispatchEvent(
          new KeyboardEvent("keydown", { key: "т", code: "KeyN", bubbles: true }))"""
    )
    assert told(opened, made_up, 1) == [{"z0": "no"}]


def test_a_key_that_comes_with_a_new_order_answers_nothing(opened: Window, made_up: MadeUp) -> None:
    made_up.polls = 2
    opened.page.evaluate(
        """() => new MutationObserver((_, seen) => {
          if (!document.body.textContent.includes("The new order is here")) return;
          seen.disconnect();
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "y", bubbles: true }));
        }).observe(document.body, { subtree: true, childList: true })"""
    )
    opened.press("t")
    expect(opened.page.locator("#said")).to_have_text("The order has just changed: look again")
    assert made_up.steps == []


def test_learning_that_fails_says_why(opened: Window, made_up: MadeUp) -> None:
    made_up.failure = "digit-8: 3 pictures are too few."
    opened.press("t")
    expect(opened.page.get_by_role("alert")).to_have_text(made_up.failure)
    expect(opened.page.locator(".learning")).to_be_hidden()


def test_answers_do_not_wait_for_what_is_learned(opened: Window, made_up: MadeUp) -> None:
    made_up.polls = 1
    opened.press("t")
    expect(opened.page.locator(".learning")).to_contain_text("Learning")
    opened.press("y")
    assert told(opened, made_up, 1) == [{"z0": "yes"}]


def test_the_button_says_what_a_tag_lacks_until_it_can_be_learned(
    opened: Window, made_up: MadeUp
) -> None:
    made_up.least = 2
    opened.press("y")
    lacking = opened.page.get_by_role("button", name="1 more yes and 2 more no to learn")
    expect(lacking).to_be_visible()
    opened.press("t")
    words = "cat needs 1 more yes and 2 more no before it can be learnt."
    expect(opened.page.get_by_role("alert")).to_have_text(words)
    opened.press("y", "n", "n", "t")
    expect(opened.page.get_by_role("button", name="Learn", exact=True)).to_be_visible()
    expect(opened.page.locator(".learning")).to_contain_text("0.920")


def swiped(window: Window, across: int, down: int = 0) -> None:
    """Move a finger over the large picture."""
    page = window.page
    finger = page.context.new_cdp_session(page)
    for step in range(5):
        point = {"x": 190 + across * step / 4, "y": 400 + down * step / 4}
        kind = "touchMove" if step else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_answers_to_the_right_and_to_the_left(chromium: Browser, made_up: MadeUp) -> None:
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    for window in window_of(chromium, made_up, "/#/tags/1?order=highest", **options):
        window.press("o")
        expect(window.page.locator(".stage img")).to_be_visible()
        swiped(window, 30)  # too short to be meant
        swiped(window, 0, 150)  # that scrolls
        swiped(window, 120)
        swiped(window, -120)
        assert told(window, made_up, 2) == [{"z0": "yes"}, {"z1": "no"}]
        expect(window.page.locator(".stage")).to_have_attribute("data-swipe", "")
        assert window.page.locator(".stage img").evaluate("one => one.style.transform") == ""


@pytest.mark.parametrize(
    ("asked", "path", "box"),
    [("api/board", "/", ".tags"), ("1/pictures", "/#/tags/1?order=worth", ".space")],
)
def test_what_is_waited_for_is_told(
    chromium: Browser, made_up: MadeUp, asked: str, path: str, box: str
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        made_up.serve(page)
        page.route(f"**/{asked}*", lambda _: None)  # no answer comes
        page.goto(ADDRESS + path, wait_until="commit")  # it is not there whole
        page.locator(box).wait_for(state="attached")
        words = "one => getComputedStyle(one, '::after').content"
        assert page.locator(box).evaluate(words) == '"Loading …"'


def test_two_clicks_open_and_choose_nothing(opened: Window) -> None:
    opened.page.locator("#picture-5").dblclick()
    expect(opened.page.locator(".stage img")).to_be_visible()
    opened.press("Escape")
    expect(opened.page.locator(".cell[aria-selected=true]")).to_have_count(0)


def test_the_board_tells_who_else_is_there(chromium: Browser) -> None:
    server = MadeUp(others=["process 12 on attic"])
    for window in window_of(chromium, server, "/"):
        expect(window.page.locator(".note")).to_have_text(
            "process 12 on attic reviews these pictures too."
        )
