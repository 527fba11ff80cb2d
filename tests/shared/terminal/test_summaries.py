"""The numbers of a summary add up, whatever the fates are."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.decisions import TagEstimate
from shared.database.results import Totals
from shared.errors import Fate
from shared.terminal.summaries import (
    decided_line,
    few,
    iter_estimates,
    lifted_line,
    moved_line,
    novelty_line,
    time_line,
    too_novel_line,
    totals_line,
)

COUNTS = st.dictionaries(st.sampled_from(Fate), st.integers(1, 1000))


def totals(
    fates: dict[Fate, int], unopened: dict[Fate, int] | None = None, n_containers: int = 3
) -> Totals:
    return Totals(n_containers, fates, unopened or {}, 0)


def test_it_reads_as_documented() -> None:
    fates = {Fate.NO_EMBEDDING: 1, Fate.SCORED: 20, Fate.CORRUPT: 1, Fate.NOT_AN_IMAGE: 2}
    assert totals_line("archives", totals(fates)) == (
        "archives 3 · members 24 = scored 20 + not an image 2 + corrupt 1 + no embedding 1"
    )


@given(COUNTS)
def test_the_members_are_the_sum_of_their_fates(fates: dict[Fate, int]) -> None:
    n_members, *shares = map(int, re.findall(r"\d+", totals_line("folders", totals(fates)))[1:])
    assert n_members == sum(shares)


@given(COUNTS)
def test_every_member_is_counted(fates: dict[Fate, int]) -> None:
    n_archives, n_members = re.findall(r"\d+", totals_line("archives", totals(fates)))[:2]
    assert int(n_archives) + int(n_members) == 3 + sum(fates.values())


def test_nested_archives_count_as_archives() -> None:
    line = totals_line("archives", totals({Fate.SCORED: 5, Fate.ARCHIVE: 2}))
    assert line == "archives 5 · members 5 = scored 5"


def test_what_could_not_be_opened_is_named_beside_the_archives() -> None:
    unopened = {Fate.TRUNCATED: 1, Fate.NOT_A_ZIP: 2}
    line = totals_line("archives", totals({Fate.SCORED: 5}, unopened, 4))
    assert line == "archives 4 (truncated 1 + not a zip 2) · members 5 = scored 5"


@pytest.mark.parametrize("n_containers", [0, 1])
def test_no_members_have_no_shares(n_containers: int) -> None:
    line = totals_line("archives", totals({}, n_containers=n_containers))
    assert line == f"archives {n_containers} · members 0"


def test_seconds_are_told_and_a_rate_where_something_was_read() -> None:
    assert time_line(2.04, 9) == "seconds 2.0 · images read 9 · images/s 4.4"
    assert time_line(0.35, 0) == "seconds 0.3 · images read 0"


def test_a_line_names_some_tags_and_counts_the_others() -> None:
    decided = [(f"tag {number}", 60 - number) for number in range(60)]
    line = decided_line(decided)
    assert line.startswith("tag 0 60 · tag 1 59 · ")
    assert line.endswith("tag 19 41 · 40 tags more decided")


def test_few_names_are_all_named() -> None:
    names = list("abcdefghijklmnopqrst")
    assert few(names) == ", ".join(names)
    assert few([*names, "u", "v"]) == f"{', '.join(names)} and 2 more"


RARE = TagEstimate(
    "cat",
    n_pictures=12_000,
    decided_share=0.004,
    mean_score=0.01,
    trained_decided_share=0.2,
    trained_mean_score=0.2,
    trained_share=0.2,
    trained_precision=0.95,
    share=0.0025,
    share_low=0.001,
    share_high=0.0312,
    precision=0.42,
    precision_low=0.3,
    precision_high=0.555,
    threshold_95=0.987,
)


def test_a_tag_that_is_rarer_in_the_collection_says_what_that_does_to_its_precision() -> None:
    assert list(iter_estimates([RARE])) == [
        "cat: about 42% (30% to 56%) of what is decided here has the tag, 95% among the images it "
        "was learnt from; it seems to have 0.25% (0.10% to 3.1%) of 12,000 images, and had 20% "
        "there; 95% would take scores from 0.987 on"
    ]


def test_where_no_score_would_be_precise_enough_none_is_named() -> None:
    [line] = iter_estimates([replace(RARE, threshold_95=None)])
    assert line.endswith("and had 20% there")


@pytest.mark.parametrize(
    "told",
    [
        replace(RARE, precision_high=0.96),
        replace(RARE, precision=None, precision_low=None, precision_high=None),
        replace(RARE, trained_precision=None),
    ],
)
def test_what_is_chance_or_unknown_is_not_told(told: TagEstimate) -> None:
    assert not list(iter_estimates([told]))


def test_pictures_that_are_unlike_all_labelled_ones_are_told_where_they_are_many() -> None:
    assert novelty_line(1000, 370) == (
        "370 of 1,000 new images (37%) are unlike all labelled ones: scores say little of them"
    )
    assert [novelty_line(*counts) for counts in ((0, 0), (100, 1), (100, 5))] == [""] * 3


def test_what_is_not_decided_for_its_novelty_is_told() -> None:
    assert too_novel_line([("cat", 1200), ("dog", 3)], 0.99) == (
        "not decided, as their novelty is over 0.99: cat 1,200, dog 3"
    )
    assert too_novel_line([], 0.99) == ""


def test_a_limit_that_is_lifted_is_told_with_what_brings_it_back() -> None:
    assert lifted_line(0.99) == (
        "images of a novelty over 0.99 are decided again: --max_novelty=0.99 leaves them out"
    )
    assert lifted_line(None) == ""


def test_novel_pictures_are_compared_with_the_run_before() -> None:
    assert novelty_line(10, 5, 0.072) == (
        "5 of 10 new images (50%) are unlike all labelled ones, in the run before 7.2%: scores say "
        "little of them"
    )


def test_mean_scores_that_have_moved_are_named() -> None:
    moved, same = replace(RARE, mean_score_before=0.21), replace(RARE, mean_score_before=0.05)
    assert moved_line([moved, same, RARE]) == (
        "mean scores have moved since the run before: cat 0.21 -> 0.01"
    )
    assert moved_line([same, RARE]) == ""
