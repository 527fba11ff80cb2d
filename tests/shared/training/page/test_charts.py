"""Figures say in lengths what the reports say in numbers."""

import pytest

from shared.training.page.charts import BOTTOM, LEFT, RIGHT, TOP, Chart, tag_charts
from tests.shared.training.page.records import KINDS, few, record


def chart(title: str, **changed: object) -> Chart:
    one = {**record(), **changed}
    (found,) = [found for found in tag_charts("cat", {"ovr-svm": one}) if found.title == title]
    return found


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (one.split(",") for one in points.split())]


def test_a_perfect_classifier_goes_through_the_corner_above_on_the_right() -> None:
    judged = {**record()["cross_validated"], "precision_recall": [[1.0, 1.0], [0.0, 1.0]]}
    (curve,) = chart("Right and found", cross_validated=judged).curves
    assert places(curve.points) == [(RIGHT, TOP), (LEFT, TOP)]


def test_precision_falls_in_steps() -> None:
    judged = {**record()["cross_validated"], "precision_recall": [[1.0, 0.5], [0.5, 1.0]]}
    (curve,) = chart("Right and found", cross_validated=judged).curves
    middle_x, middle_y = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    assert places(curve.points) == [(RIGHT, middle_y), (middle_x, middle_y), (middle_x, TOP)]


def test_scores_that_are_probabilities_lie_on_the_diagonal() -> None:
    right = {
        name: {"n_images": 9, "mean_score": at / 10, "tag_share": at / 10}
        for at, name in enumerate(record()["cross_validated"]["reliability"])
    }
    judged = {**record()["cross_validated"], "reliability": right}
    guide, curve = chart("Scores as probabilities", cross_validated=judged).curves
    (x0, y0), (x1, y1) = places(guide.points)
    for x, y, _ in curve.dots:
        assert (x - x0) / (x1 - x0) == pytest.approx((y - y0) / (y1 - y0), abs=0.002)


def test_pictures_with_the_tag_stand_above_the_axis_and_the_others_below() -> None:
    found = chart("Scores of ovr-svm")
    judged = record()["cross_validated"]["histograms"]
    above = [one for one in found.bars if one.color == "first"]
    below = [one for one in found.bars if one.color == "rest"]
    assert [one.label for one in above] == [str(n) for n in judged["tag"].values() if n]
    assert [one.label for one in below] == [str(n) for n in judged["other"].values() if n]
    assert {round(one.top + one.height, 1) for one in above} == {found.base}
    assert {one.top for one in below} == {found.base}


def test_all_bars_and_their_counts_have_room() -> None:
    for one in chart("Scores of ovr-svm").bars:
        assert min(one.top, one.label_at) >= TOP
        assert max(one.top + one.height, one.label_at) <= BOTTOM


def test_the_recommended_threshold_is_drawn_in() -> None:
    cut = chart("Scores of ovr-svm").cut
    threshold = record()["thresholds"]["recommended"]["threshold"]
    assert cut
    assert cut.text == f"{threshold:.3f}"
    assert (cut.at - LEFT) / (RIGHT - LEFT) == pytest.approx(threshold, abs=0.001)


def test_legends_name_the_tag() -> None:
    words = [word for _, word in chart("Scores of ovr-svm").legend]
    assert words == ["labelled cat", "not labelled cat"]


def test_where_nothing_is_known_nothing_is_drawn() -> None:
    assert tag_charts("cat", {kind: few(kind) for kind in KINDS}) == []
