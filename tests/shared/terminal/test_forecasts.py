"""A dry run says what would be done, in the order in which it would be."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.flow.dry_run import Forecast, Prospects
from shared.flow.rates import Duration
from shared.flow.survey import Gone, SurveyTotals
from shared.results.room import Room
from shared.terminal.forecasts import forecast_lines, time_words

FOUND = Forecast(
    counts=Prospects(
        {"unchanged": 1, "new": 3, "changed": 1},
        to_read=714,
        to_decode=700,
        to_embed=700,
        to_score=714,
        n_rows=14_280,
    ),
    survey=SurveyTotals(5, 1, 0, 714, Gone(2, 30, 60, "/zips"), 0),
    duration=Duration(240, 3),
    database="output/zip_score_cache.sqlite",
    free_bytes=62_000_000_000,
    standing=None,
    room=Room(714, 14_280, 57_000_000, is_at_most=True),
    refusal=None,
    has_problems=False,
    n_refused=0,
)


def said(found: Forecast) -> list[str]:
    return list(forecast_lines("archives", found, 500))


def test_it_says_what_there_is_to_do() -> None:
    assert said(FOUND) == [
        "dry run: nothing is written",
        "archives 5 = new 3 + changed 1 + unchanged 1",
        "gone: 2 archives with 30 images and 60 rows below /zips",
        "to read 714 images · to decode at most 700 · to embed at most 700",
        "to score at most 714 images · rows 14,280, about 7.1 MB in output/zip_score_cache.sqlite",
        "results in a new folder: at most 714 files, 14,280 links, 57 MB"
        " · the disk has 62.0 GB left",
        "time about 4 minutes, by the rates of 3 earlier runs",
    ]


def test_where_there_is_nothing_to_do_it_says_that() -> None:
    survey = replace(FOUND.survey, gone=Gone())
    counts = Prospects({"unchanged": 5})
    nothing = replace(FOUND, counts=counts, survey=survey, room=None, standing=Path("output/one"))
    assert said(nothing)[1:-1] == [
        "archives 5 = unchanged 5",
        "nothing to read or to score",
        "results stay in output/one",
    ]


def test_new_classifiers_score_without_reading() -> None:
    counts = Prospects({"unchanged": 5}, to_score=714, n_rows=1428)
    lines = said(replace(FOUND, counts=counts))
    assert lines[3].startswith("to score 714 images · rows 1,428, about 0.7 MB in ")


def test_problems_are_told() -> None:
    counts = replace(FOUND.counts, n_unreadable=2)
    lines = said(replace(FOUND, counts=counts, n_refused=1))
    assert lines[2] == "2 archives cannot be opened"
    assert lines[4] == "classifiers refused 1"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Duration(None, 0, "decoded images"), "time unknown: no earlier run to take rates from"),
        (
            Duration(None, 2, "embedded images"),
            "time unknown: no earlier run to take rates from has embedded images",
        ),
        (Duration(0.2, 1), "time about 1 second, by the rates of 1 earlier run"),
        (Duration(89, 2), "time about 89 seconds, by the rates of 2 earlier runs"),
        (Duration(90, 2), "time about 2 minutes, by the rates of 2 earlier runs"),
        (Duration(5 * 3600 + 1800, 2), "time about 5.5 hours, by the rates of 2 earlier runs"),
    ],
)
def test_time_is_said_as_it_is_spoken_of(found: Duration, words: str) -> None:
    assert time_words(found) == words
