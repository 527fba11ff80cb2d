import re
from pathlib import Path

import pytest
from PIL import Image

from shared.errors import RunError
from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.training.page.report_page import TagReports, section, write_page
from tests.elements import Elements
from tests.shared.training.page.records import KINDS, few, record, reports

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e"


def page(folder: Path, *tags: TagReports) -> str:
    write_page(folder / "index.html", tags, map(section, tags), Silence())
    return (folder / "index.html").read_text(encoding="utf-8")


def test_each_tag_has_its_figures(tmp_path: Path) -> None:
    text = page(tmp_path, reports("cat"), reports("dog"))
    assert len(Elements(text).all("svg")) == 2
    for title in ("precision and recall", "reliability", "scores, svm", "learning curve"):
        assert text.count(f">{title}<") == 2


def test_classifiers_are_sorted_by_quality(tmp_path: Path) -> None:
    bad, good = reports("bad", 3.0), reports("good", 0.5)
    unknown = TagReports("unknown", {kind: few(kind) for kind in KINDS})
    rows = page(tmp_path, unknown, bad, good).split("</table>")[0].split("<tr>")[2:]
    order = [re.findall(r">([a-z]+)</a>", row)[0] for row in rows]
    assert order == ["good", "good", "bad", "bad", "unknown", "unknown"]


def test_what_was_only_held_out_comes_last_and_is_marked(tmp_path: Path) -> None:
    sure = record(noise=3.0)
    lucky = {**few(), "held_out": {**sure["cross_validated"], "average_precision": 1.0}}
    tags = (TagReports("lucky", {"ovr-svm": lucky}), TagReports("sure", {"ovr-svm": sure}))
    rows = page(tmp_path, *tags).split("</table>")[0].split("<tr>")[2:]
    assert [re.findall(r">([a-z]+)</a>", row)[0] for row in rows] == ["sure", "lucky"]
    assert [">few images<" in row for row in rows] == [False, True]


def test_thresholds_are_shown_with_what_chance_leaves_open(tmp_path: Path) -> None:
    one = record()
    text = page(tmp_path, TagReports("cat", {"ovr-svm": one, "ovr-none": few()}))
    assert text.count("<h3>Thresholds") == 1
    low, high = one["thresholds"]["recommended"]["recall_interval"]
    assert f"({low:.3f} to {high:.3f})</td>" in text


def test_what_is_not_reachable_is_said(tmp_path: Path) -> None:
    one = record()
    one["thresholds"] = {**one["thresholds"], "precision_95": None}
    text = page(tmp_path, TagReports("cat", {"ovr-svm": one, "ovr-none": few()}))
    assert text.split("</table>")[0].count("not reachable") == 1


def test_links_lead_to_places_on_the_page(tmp_path: Path) -> None:
    elements = Elements(page(tmp_path, reports("cat"), reports("a b#c")))
    places = {one.get("id") for name in ("section", "h1") for one in elements.all(name)}
    assert {str(one["href"])[1:] for one in elements.all("a")} == places


@pytest.mark.parametrize("hostile", ["tag", "path"])
def test_no_name_gets_into_the_page_as_html(tmp_path: Path, hostile: str) -> None:
    tag, path = (HOSTILE, "") if hostile == "tag" else ("cat", HOSTILE)
    text = page(tmp_path, TagReports(tag, {"ovr-svm": record(path=path)}))
    assert Elements(text).all("script") == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    text = page(tmp_path, reports("cat"))
    attributes = [one for _, found in Elements(text).found for one in found.items()]
    loaded = {value for name, value in attributes if name in {"src", "href", "xlink:href"}}
    assert all(str(value).startswith(("#", "data:")) for value in loaded)
    assert "default-src 'none'" in text


def test_identifiers_are_referred_to_only_where_they_are(tmp_path: Path) -> None:
    first, second = page(tmp_path, reports("cat"), reports("dog")).split("<section")[1:]
    for one, other in ((first, second), (second, first)):
        assert set(re.findall(r"url\(#(\w+)\)", one)) <= set(re.findall(r'id="(\w+)"', one))
        assert not set(re.findall(r"url\(#(\w+)\)", one)) & set(re.findall(r'id="(\w+)"', other))


def test_the_same_reports_give_the_same_page(tmp_path: Path) -> None:
    assert page(tmp_path, reports("cat")) == page(tmp_path, reports("cat"))


def test_a_mistake_is_shown_where_its_file_is_at_hand(tmp_path: Path) -> None:
    image = Image.new("L", (20, 10), 99)
    image.save(tmp_path / "1.png")
    name = pixel_hash_of_strips([image.tobytes()])
    one = record(path=str(tmp_path / "1.png"), name=name)
    (found,) = Elements(page(tmp_path, TagReports("cat", {"ovr-svm": one}))).all("img")
    assert str(found["src"]).startswith("data:image/png;base64,")


def test_a_mistake_that_may_be_a_wrong_label_is_told_apart(tmp_path: Path) -> None:
    sure = {**record(), "suspected_label_errors": []}
    assert "wrong label?" in page(tmp_path, TagReports("cat", {"ovr-svm": record()}))
    assert "wrong label?" not in page(tmp_path, TagReports("cat", {"ovr-svm": sure}))


@pytest.mark.parametrize(
    ("labelled", "words"), [("tag", "labelled cat,"), ("other", "labelled not cat,")]
)
def test_a_mistake_says_how_it_is_labelled_by_the_tags_name(
    tmp_path: Path, labelled: str, words: str
) -> None:
    one = record()
    for mistake in one["most_confident_mistakes"]:
        mistake["labelled"] = labelled
    assert words in page(tmp_path, TagReports("cat", {"ovr-svm": one}))


def test_a_mistake_whose_file_is_not_at_hand_is_named(tmp_path: Path) -> None:
    text = page(tmp_path, TagReports("cat", {"ovr-svm": record(path="/gone/1.png")}))
    assert Elements(text).all("img") == []
    assert "/gone/1.png" in text


def test_a_tag_of_which_nothing_is_known_has_its_place(tmp_path: Path) -> None:
    text = page(tmp_path, TagReports("cat", {kind: few(kind) for kind in KINDS}))
    assert "too few images" in text
    assert "not to be relied on" in text


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        write_page(tmp_path / "none" / "index.html", [], [], Silence())
