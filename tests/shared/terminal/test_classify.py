"""Stages 3 and 4 ask for what their options say, and end with what was found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.database.results import Totals
from shared.database.tables import ScoreCache, ZipScoreCache
from shared.errors import Fate
from shared.flow.classify import Summary
from shared.records import Limits
from shared.results.older import Older
from shared.terminal.classify import Kind, _request, summary_lines
from tests.shared.terminal.commands import values_of

SUMMARY = Summary(
    totals=Totals(3, {Fate.SCORED: 20, Fate.CORRUPT: 4}, {}, 440),
    n_loose=0,
    n_refused=0,
    database="output/zip_score_cache.sqlite",
    results=Path("output/tagging_output_2026_11_22_9_5"),
)


def request_values(**changes: object) -> dict[str, Any]:
    values = values_of() | changes
    return {
        name: value for name, value in values.items() if name not in {"quiet", "verbose", "dry_run"}
    }


class TestSummary:
    def test_it_ends_with_the_two_lines_that_are_documented(self) -> None:
        assert summary_lines("archives", SUMMARY) == [
            "archives 3 · members 24 = scored 20 + corrupt 4",
            "rows 440 in output/zip_score_cache.sqlite"
            " · sorted into output/tagging_output_2026_11_22_9_5",
        ]

    def test_without_a_results_folder_nothing_is_said_of_it(self) -> None:
        last = summary_lines("archives", replace(SUMMARY, results=None))[-1]
        assert last == "rows 440 in output/zip_score_cache.sqlite"

    def test_what_was_left_alone_or_refused_comes_first(self) -> None:
        lines = summary_lines("archives", replace(SUMMARY, n_loose=2, n_refused=1))
        assert lines[:2] == ["other files 2, left alone", "classifiers refused 1"]
        assert lines[2:] == summary_lines("archives", SUMMARY)

    def test_where_problems_are_listed_is_said(self) -> None:
        lines = summary_lines("archives", replace(SUMMARY, problems=Path("output/problems.csv")))
        assert lines[0] == "problems are listed in output/problems.csv"
        assert lines[1:] == summary_lines("archives", SUMMARY)

    def test_tags_are_named_with_what_is_decided(self) -> None:
        decided = replace(SUMMARY, decided=(("smiley", 53), ("animal", 12)))
        assert summary_lines("archives", decided)[2:] == ["smiley 53 · animal 12 decided"]

    def test_how_a_tag_is_decided_without_a_threshold_is_said(self) -> None:
        lines = summary_lines("archives", replace(SUMMARY, untold=("a",), out_of_reach=("b", "c")))
        assert lines[2:] == [
            "decided at 0.5, as no threshold is told by the classifiers of a",
            "not decided, as no score is as precise as asked for: b, c",
        ]

    def test_the_stage_that_reads_what_was_found_is_named(self) -> None:
        nothing = Totals(0, {}, {}, 0)
        loose = summary_lines("archives", replace(SUMMARY, totals=nothing, n_loose=3))
        assert "stage 3" in loose[0]
        assert "stage 3" not in summary_lines("archives", replace(SUMMARY, n_loose=3))[0]
        assert "stage 4" in summary_lines("folders", replace(SUMMARY, n_zips=2))[0]


class TestRequest:
    def test_archives_and_folders_have_tables_of_their_own(self) -> None:
        assert _request("archives", request_values()).table is ZipScoreCache
        assert _request("folders", request_values()).table is ScoreCache

    def test_the_limits_are_gathered(self) -> None:
        request = _request("archives", request_values(max_depth=2))
        assert request.limits == Limits(max_depth=2)

    @pytest.mark.parametrize("kind", ["archives", "folders"])
    @pytest.mark.parametrize("typed", ["zips", "./zips", "zips/", "more/../zips", "../here/zips"])
    def test_a_directory_is_the_same_however_it_is_typed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, kind: Kind
    ) -> None:
        here = tmp_path / "here"
        for name in ("zips", "more"):
            (here / name).mkdir(parents=True)
        monkeypatch.chdir(here)
        source = _request(kind, request_values(directory=Path(typed))).source
        assert str(source.directory) == str(here / "zips")


def test_older_results_folders_are_told_of() -> None:
    def told(older: Older) -> list[str]:
        return summary_lines("archives", replace(SUMMARY, older=older))[2:]

    assert not told(Older(0, 0, 0, 0, is_more=False))
    assert told(Older(0, 3, 0, 1_234_567_890, is_more=False)) == [
        "3 older results folders beside it, 1,235 MB; "
        "--keep_results=1 removes what nobody has changed"
    ]
    assert told(Older(2, 0, 0, 0, is_more=False)) == ["removed 2 older results folders"]
    assert told(Older(0, 1, 1, 9, is_more=False)) == [
        "kept 1 older results folder, as somebody has sorted images or put something in it"
    ]
