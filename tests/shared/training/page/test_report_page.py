import re
from pathlib import Path

import pytest
from PIL import Image

from shared.errors import RunError
from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.training.page.report_page import TagReports, tag_page, write_pages
from tests.elements import Elements
from tests.shared.training.page.records import KINDS, few, record, reports, reports_of

HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e"


def written(folder: Path, *tags: TagReports) -> dict[str, str]:
    """Write the pages; their texts by name."""
    write_pages(folder, tags, [tag_page(tag, folder) for tag in tags], [], Silence())
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}


def overview(folder: Path, *tags: TagReports) -> str:
    return written(folder, *tags)["index.html"]


def shown(folder: Path, tag: TagReports) -> str:
    """The page of a tag."""
    return written(folder, tag)[tag.page]


def rows(page: str) -> list[str]:
    return page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0].split("<tr>")[1:]


class TestOverview:
    def test_tags_come_from_the_best_to_the_least(self, tmp_path: Path) -> None:
        bad, good = reports("bad", 3.0), reports("good", 0.5)
        unknown = reports_of("unknown", {kind: few(kind) for kind in KINDS})
        found = rows(overview(tmp_path, unknown, bad, good))
        assert [re.findall(r">([a-z]+)</a>", row) for row in found] == [
            ["good"],
            ["bad"],
            ["unknown"],
        ]

    def test_what_was_only_held_out_comes_last_and_is_marked(self, tmp_path: Path) -> None:
        sure = record(noise=3.0)
        lucky = {**few(), "held_out": {**sure["cross_validated"], "average_precision": 1.0}}
        tags = (reports_of("lucky", {"ovr-svm": lucky}), reports_of("sure", {"ovr-svm": sure}))
        page = overview(tmp_path, *tags)
        assert [re.findall(r">([a-z]+)</a>", row)[0] for row in rows(page)] == ["sure", "lucky"]
        assert ["few pictures</small>" in row for row in rows(page)] == [False, True]
        assert "Tags with few pictures come last" in page

    def test_the_better_classifier_speaks_for_its_tag(self, tmp_path: Path) -> None:
        worse, better = record("ovr-worse", 3.0), record("ovr-better", 0.5)
        (row,) = rows(
            overview(tmp_path, reports_of("cat", {"ovr-worse": worse, "ovr-better": better}))
        )
        assert "ovr-better" in row
        assert "ovr-worse" not in row

    def test_what_is_not_reachable_is_said(self, tmp_path: Path) -> None:
        one = record()
        one["thresholds"] = {**one["thresholds"], "precision_95": None}
        (row,) = rows(overview(tmp_path, reports_of("cat", {"ovr-svm": one})))
        assert '<td data-name="found at 95% right">not sure</td>' in row

    def test_each_tag_is_a_click_away_and_back(self, tmp_path: Path) -> None:
        tags = [reports("cat"), reports("a b#c"), reports("50%/é")]
        found = written(tmp_path, *tags)
        links = [str(one["href"]) for one in Elements(found["index.html"]).all("a")]
        assert len(links) == len(set(links)) == 3
        for tag in tags:
            assert 'href="index.html"' in found[tag.page]
            assert (tmp_path / tag.page).is_file()

    def test_a_phone_shows_each_figure_under_its_name(self, tmp_path: Path) -> None:
        page = overview(tmp_path, reports("cat"))
        heads = re.findall(r'<th scope="col">([^<]+)', page)[1:]
        assert re.findall(r'data-name="([^"]+)"', rows(page)[0]) == heads


class TestTag:
    def test_it_has_its_figures(self, tmp_path: Path) -> None:
        page = shown(tmp_path, reports("cat"))
        assert len(Elements(page).all("svg")) == 5
        for title in (
            "Right and found",
            "Scores as probabilities",
            "Does more help?",
            "Scores of ovr-svm",
            "Scores of ovr-logistic-regression",
        ):
            assert page.count(f"<figcaption>{title}<") == 1

    def test_it_says_in_a_sentence_what_the_classifier_does(self, tmp_path: Path) -> None:
        one = record()
        taken = one["thresholds"]["recommended"]
        page = shown(tmp_path, reports_of("cat", {"ovr-svm": one}))
        assert f"ovr-svm decides, from {taken['threshold']:.3f} on:" in page
        assert f"{taken['precision']:.0%} of the pictures that it takes have the tag" in page
        assert f"it finds {taken['recall']:.0%} of those that have it" in page

    def test_thresholds_are_shown_with_what_chance_leaves_open(self, tmp_path: Path) -> None:
        one = record()
        page = shown(tmp_path, reports_of("cat", {"ovr-svm": one, "ovr-none": few()}))
        assert page.count("<h2>Thresholds") == 1
        low, high = one["thresholds"]["recommended"]["recall_interval"]
        assert f"<small>{low:.2f} to {high:.2f}</small>" in page

    def test_a_threshold_that_chance_alone_may_reach_is_marked(self, tmp_path: Path) -> None:
        one = record()
        for found in one["thresholds"].values():
            found["reached"] = 1.0
        one["thresholds"]["precision_95"]["reached"] = 0.625
        page = shown(tmp_path, reports_of("cat", {"ovr-svm": one}))
        assert re.findall(r"95% right <small>([^<]+)", page) == ["reached in 62%"]
        assert page.count("<small>reached") == 1

    def test_a_threshold_that_cannot_be_reached_is_said(self, tmp_path: Path) -> None:
        one = record()
        one["thresholds"] = {**one["thresholds"], "precision_95": None}
        one["images_to_reach"] = {"precision_95": 12}
        page = shown(tmp_path, reports_of("cat", {"ovr-svm": one}))
        assert page.count("not reachable; about 12 more images with the tag would do") == 1

    def test_one_of_which_nothing_is_known_has_its_page(self, tmp_path: Path) -> None:
        page = shown(tmp_path, reports_of("cat", {kind: few(kind) for kind in KINDS}))
        assert Elements(page).all("svg") == []
        assert "Too few to be sure" in page
        assert "not to be relied on" in page


class TestMistakes:
    @staticmethod
    def beside(folder: Path, side: int = 20) -> TagReports:
        image = Image.new("L", (side, 10), 99)
        image.save(folder / "1.png")
        name = pixel_hash_of_strips([image.tobytes()])
        return reports_of("cat", {"ovr-svm": record(path=str(folder / "1.png"), name=name)})

    def test_a_picture_opens_large_on_the_page(self, tmp_path: Path) -> None:
        page = shown(tmp_path, self.beside(tmp_path))
        small, large = Elements(page).all("img")
        assert str(small["src"]).startswith("data:image/png;base64,")
        assert large["src"] == "1.png"
        links = {one["href"]: one.get("id") for one in Elements(page).all("a")}
        assert links["#large-1"] is None
        assert links["#picture-1"] == "large-1"

    @pytest.mark.parametrize(("side", "is_sharp"), [(20, True), (300, False)])
    def test_pixels_of_a_small_picture_stay_pixels(
        self, tmp_path: Path, side: int, *, is_sharp: bool
    ) -> None:
        page = shown(tmp_path, self.beside(tmp_path, side))
        assert {one.get("class") == "whole" for one in Elements(page).all("img")} == {is_sharp}

    def test_one_whose_file_is_not_at_hand_is_named(self, tmp_path: Path) -> None:
        page = shown(tmp_path, reports_of("cat", {"ovr-svm": record(path="/gone/1.png")}))
        assert Elements(page).all("img") == []
        assert "#large" not in page
        assert "/gone/1.png" in page

    def test_one_that_may_be_a_wrong_label_is_told_apart(self, tmp_path: Path) -> None:
        sure = {**record(), "suspected_label_errors": []}
        assert "wrong label?" in shown(tmp_path, reports_of("cat", {"ovr-svm": record()}))
        assert "wrong label?" not in shown(tmp_path, reports_of("cat", {"ovr-svm": sure}))

    @pytest.mark.parametrize(
        ("label", "tags", "words"),
        [
            ("tag", ["cat", "pet"], "labelled cat"),
            ("other", ["dog"], "labelled dog"),
            ("other", ["a", "b", "c", "d"], "labelled a, b, c, …"),
            ("other", [], "not labelled cat"),
        ],
    )
    def test_it_says_how_it_is_labelled_by_the_tags_names(
        self, tmp_path: Path, label: str, tags: list[str], words: str
    ) -> None:
        one = record()
        for mistake in one["most_confident_mistakes"]:
            mistake.update(labelled=label, tags=tags)
        assert f"</strong> {words} " in shown(tmp_path, reports_of("cat", {"ovr-svm": one}))


@pytest.mark.parametrize("hostile", ["tag", "path", "other tag"])
def test_no_name_gets_into_a_page_as_html(tmp_path: Path, hostile: str) -> None:
    one = record(path=HOSTILE if hostile == "path" else "")
    for mistake in one["most_confident_mistakes"]:
        if hostile == "other tag":
            mistake.update(labelled="other", tags=[HOSTILE])
    tag = reports_of(HOSTILE if hostile == "tag" else "cat", {"ovr-svm": one})
    found = written(tmp_path, tag)
    for page in found.values():
        assert Elements(page).all("script") == []
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found[tag.page]


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    found = written(tmp_path, TestMistakes.beside(tmp_path))
    assert len(found) == 2
    for page in found.values():
        attributes = [one for _, has in Elements(page).found for one in has.items()]
        loaded = {str(value) for name, value in attributes if name in {"src", "href"}}
        known = {"1.png", *found}
        assert all(one in known or one.startswith(("#", "data:")) for one in loaded)
        assert "default-src 'none'" in page


def test_the_same_reports_give_the_same_pages(tmp_path: Path) -> None:
    assert written(tmp_path, reports("cat")) == written(tmp_path, reports("cat"))


def test_pages_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        write_pages(tmp_path / "none", [], [], [], Silence())
