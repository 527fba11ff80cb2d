"""Pictures on pages: what is put together by hand lets nothing through."""

import pytest

from shared.results.pages.tiles import PictureView, tiles
from tests.elements import Elements

HOSTILE = "<script>alert(1)</script>\"'>& \x1b[2J\u202e.png"


def drawn(one: PictureView, root: str = "../") -> Elements:
    return Elements(str(tiles([one], root)))


@pytest.mark.parametrize("root", ["", "../"])
def test_a_picture_leads_to_its_file(root: str) -> None:
    found = drawn(PictureView("svm/cat/1.0/1.png", "/a.zip!/b/1.png", 0.9), root)
    assert found.all("a")[0]["href"] == found.all("img")[0]["src"] == f"{root}svm/cat/1.0/1.png"
    assert found.all("img")[0]["alt"] == "1.png"
    assert found.all("figcaption")[0]["title"] == "/a.zip!/b/1.png"


@pytest.mark.parametrize("field", ["href", "address", "tags"])
def test_nothing_that_strangers_named_is_html(field: str) -> None:
    values = {"href": "1.png", "address": "/a.zip!/1.png", "score": None, "tags": ("cat",)}
    one = PictureView(**{**values, field: (HOSTILE,) if field == "tags" else HOSTILE})  # type: ignore[arg-type]
    text = str(tiles([one], ""))
    plain = str(tiles([PictureView("1.png", "/a.zip!/1.png", None, None, ("cat",))], ""))
    assert [name for name, _ in Elements(text).found] == [name for name, _ in Elements(plain).found]
    assert "<script" not in text
    if field != "href":  # which is spelled as an address before
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (PictureView("1.png", "1.png", 0.5), "<strong>0.500</strong><span>"),
        (PictureView("1.png", "1.png", 1.0, True), "<strong>1.000</strong> <em>a person: yes</em>"),
        (PictureView("1.png", "1.png", 0.0, False), "<strong>0.000</strong> <em>a person: no</em>"),
        (
            PictureView("1.png", "1.png", 0.5, novelty=0.995),
            "<strong>0.500</strong> <em>unlike anything labelled: 0.995</em><span>",
        ),
        (
            PictureView("1.png", "1.png", None, None, ("cat", "dog")),
            '1.png"><strong>cat</strong>, <strong>dog</strong><span>',
        ),
    ],
)
def test_score_answer_and_tags_stand_below(one: PictureView, words: str) -> None:
    assert words in str(tiles([one], ""))


@pytest.mark.parametrize(
    ("name", "is_safe"),
    [("1.png", True), ("1.PNG", True), ("1.html", False), ("1.svg", False), ("1", False)],
)
def test_none_opens_what_a_browser_might_take_for_a_page(name: str, *, is_safe: bool) -> None:
    found = drawn(PictureView(f"svm/{name}", name, 0.5))
    assert len(found.all("img")) == 1
    assert bool(found.all("a")) == is_safe
