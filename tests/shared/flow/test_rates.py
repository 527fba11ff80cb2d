"""What a run takes is reckoned from what earlier runs took, and from nothing else."""

import pytest

from shared.database.runs import Work
from shared.flow.rates import Duration, duration

DECODING = Work(n_read=100, n_decoded=100, reading_seconds=10, seconds=12)
EMBEDDING = Work(n_read=50, n_decoded=50, n_embedded=40, reading_seconds=45, seconds=45)
KNOWN = Work(n_read=1000, reading_seconds=5, seconds=5)
REST = Work(n_rows=1000, scoring_seconds=2, n_published=10, publishing_seconds=5, seconds=7)


def seconds(wanted: Work, *runs: Work) -> float | None:
    return duration(runs, wanted).seconds


def test_without_earlier_runs_nothing_is_known() -> None:
    assert duration([], Work(n_decoded=1)) == Duration(None, 0, "decoded images")


def test_decoding_takes_what_it_took() -> None:
    assert seconds(Work(n_read=50, n_decoded=50), DECODING) == pytest.approx(5 + 2)


def test_embedding_is_what_is_left_of_the_time_beside_decoding() -> None:
    overhead = 1
    wanted = Work(n_read=10, n_decoded=10, n_embedded=10)
    assert seconds(wanted, DECODING, EMBEDDING) == pytest.approx(10 * 0.1 + 10 * 1 + overhead)


def test_where_all_was_embedded_decoding_is_a_part_of_it() -> None:
    wanted = Work(n_read=8, n_decoded=8, n_embedded=8)
    assert seconds(wanted, EMBEDDING) == pytest.approx(8 * 45 / 40)


def test_known_pictures_take_what_known_ones_took() -> None:
    assert seconds(Work(n_read=200), KNOWN) == pytest.approx(1)


def test_rows_and_results_have_rates_of_their_own() -> None:
    assert seconds(Work(n_rows=500, n_published=4), REST) == pytest.approx(1 + 2)


@pytest.mark.parametrize(
    ("wanted", "lacking"),
    [
        (Work(n_decoded=1), "decoded images"),
        (Work(n_decoded=1, n_embedded=1), "embedded images"),
        (Work(n_rows=1), "written rows"),
        (Work(n_published=1), "made a results folder"),
    ],
)
def test_what_no_run_has_done_is_named(wanted: Work, lacking: str) -> None:
    assert duration([KNOWN], wanted) == Duration(None, 1, lacking)


def test_embedding_that_no_run_has_done_is_named() -> None:
    found = duration([DECODING], Work(n_decoded=1, n_embedded=1))
    assert found == Duration(None, 1, "embedded images")
