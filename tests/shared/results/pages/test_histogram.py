from itertools import pairwise

import pytest

from shared.results.pages.histogram import HEIGHT, MAX_LABELLED, WIDTH, Histogram, histogram


def drawn(counts: list[int], threshold: float | None = None) -> Histogram:
    names = [str(at) for at in range(len(counts))]
    return histogram("svm", names, counts, threshold, [""] * len(counts))


def test_the_fullest_bin_reaches_the_top_and_an_empty_one_the_ground() -> None:
    shown = drawn([0, 5, 100])
    assert [shown.base - bar.top for bar in shown.bars] == pytest.approx(
        [0, shown.base - shown.bars[1].top, HEIGHT]
    )


def test_one_picture_is_seen_beside_a_million() -> None:
    shown = drawn([1, 1_000_000])
    assert shown.base - shown.bars[0].top > 4


def test_no_pictures_make_no_bars() -> None:
    assert {bar.top for bar in drawn([0, 0]).bars} == {drawn([0, 0]).base}


def test_bars_stand_side_by_side_from_0_to_1() -> None:
    shown = drawn([1] * 10)
    edges = [(bar.left, bar.right) for bar in shown.bars]
    assert edges[0][0] > shown.left
    assert edges[-1][1] < shown.right == shown.left + WIDTH
    assert all(right < left for (_, right), (left, _) in pairwise(edges))


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 1.0), (0.25, 0.5), (0.5, 0.0), (2.0, 0.0)])
def test_a_bar_is_decided_from_the_threshold_on(threshold: float, share: float) -> None:
    bar = drawn([1, 1], threshold).bars[0]
    assert (bar.right - bar.cut) / (bar.right - bar.left) == pytest.approx(share, abs=0.01)


def test_without_a_threshold_nothing_is_decided() -> None:
    shown = drawn([1, 1])
    assert (shown.line, shown.threshold) == (None, "")
    assert all(bar.cut == bar.right for bar in shown.bars)


def test_counts_are_written_only_where_they_have_room() -> None:
    assert drawn([0, 1234] * 2).bars[1].label == "1.2k"
    assert {bar.label for bar in drawn([1] * (MAX_LABELLED + 1)).bars} == {""}
