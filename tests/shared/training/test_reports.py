import json
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from shared.training.comparing import Comparison
from shared.training.judging import CrossValidation, CurvePoint, Mistake, described, evaluated
from shared.training.reports import (
    N_SUSPECTS_SHOWN,
    Findings,
    Origins,
    report_record,
    report_text,
    write_report,
)
from shared.training.thresholds import Record, Threshold
from tests.shared.training.page.records import few, record
from tests.shared.training.world import STARTED

SCORES = np.array([0.95, 0.45, 0.05, 0.15, 0.75])
HAS_TAG = np.array([True, True, False, False, False])
HELD_OUT = evaluated(SCORES, HAS_TAG)
CUT = Threshold(0.45, 0.66667, 1.0, (0.4, 0.6), (0.3, 0.9), (0.5, 1.0), 1.0, 0.4)
VALIDATION = CrossValidation(
    evaluation=HELD_OUT,
    thresholds={
        "precision_95": None,
        "precision_90": None,
        "precision_80": None,
        "recommended": CUT,
    },
    images_to_reach={"precision_95": 12, "precision_90": 3, "precision_80": None},
    mistakes=(Mistake(4, has_tag=False, score=0.75),),
    suspects=(Mistake(4, has_tag=False, score=0.75), Mistake(1, has_tag=True, score=0.45)),
    score_counts=((100, 0, 2), (140, 3, 1)),
)
COMPARISON = Comparison("ovr-svm", "ovr-logistic-regression", 0.012, (-0.003, 0.031))
CURVE = (CurvePoint(9, 45, 0.7), CurvePoint(18, 90, 0.83))
ORIGINS = Origins(
    {4: "ab" * 64, 1: "cd" * 64}, lambda: {"ab" * 64: "/data/4.png"}, lambda _: ["dog"]
)
DESCRIPTION = {
    "model_type": "ovr-svm",
    "train_start_time": STARTED,
    "tag": "cat",
    "n_positive": 18,
    "n_negative": 90,
    "n_near_copies": 0,
    **described(VALIDATION),
}
RECORD = report_record(DESCRIPTION, Findings(HELD_OUT, VALIDATION, CURVE, COMPARISON), ORIGINS)
FEW = {**DESCRIPTION, **described(None)}


def of_few(tag: str = "cat") -> Record:
    return report_record({**FEW, "tag": tag}, Findings(HELD_OUT), ORIGINS)


def test_the_text_is_for_reading() -> None:
    assert (
        report_text(of_few())
        == """\
cat, ovr-svm
trained 2026-11-22, 09:05:07 on 18 images with the tag and 90 others
calibration: fewer than 10 images of one side: not to be relied on

held out: 2 images with the tag and 3 others
  accuracy          0.600
  precision         0.500
  recall            0.500
  F1                0.500
  ROC AUC           0.833
  average precision 0.833
  calibration error 0.310

confusion         scored as tag   as other
  tag                         1          1
  other                       1          2

scores up to       tag     other   mean score   share with the tag
  0.1                0         1        0.050                0.000
  0.2                0         1        0.150                0.000
  0.3                0         0
  0.4                0         0
  0.5                1         0        0.450                1.000
  0.6                0         0
  0.7                0         0
  0.8                0         1        0.750                0.000
  0.9                0         0
  1.0                1         0        0.950                1.000
"""
    )


def test_the_text_tells_where_to_cut_and_what_to_label() -> None:
    assert (
        report_text(RECORD).partition("cross-validated: ")[2].partition("take scores")[2]
        == """\
 of at least precision              surely recall                 reached
95% precision  not reachable; about 12 more images with the tag would do
90% precision  not reachable; about 3 more images with the tag would do
80% precision  not reachable; labels of this kind would hardly do
recommended    0.4500 (0.400 to 0.600) 0.667 (0.300 to 0.900) 0.400  1.000 (0.500 to 1.000) 100%
Surely: the precision is at least that with 80% certainty. The first three promise theirs
so, on images like these; the recommended one has the best F1 and promises none.
In brackets: 95% of 200 bootstrap samples; reached: in so many of them.

ovr-svm is better, perhaps by chance: average precision 0.012 above the other's (-0.003 to 0.031)

learning curve: images with the tag   average precision
                                    9               0.700
                                   18               0.830
More images of this kind would help.

suspected label errors: 2
  0.750 labelled dog: /data/4.png
  0.450 labelled cat: cdcdcdcdcdcdcdcd…
"""
    )


def test_the_json_has_the_same_numbers(tmp_path: Path) -> None:
    write_report(tmp_path, "model-x", RECORD)
    found = json.loads((tmp_path / "model-x.json").read_text())
    assert found["tag"] == "cat"
    assert found["train_start_time"] == "2026-11-22, 09:05:07"
    assert found["held_out"]["confusion"]["tag"] == {"scored_as_tag": 1, "scored_as_other": 1}
    assert found["held_out"]["histograms"]["other"]["0.8"] == 1
    assert (tmp_path / "model-x.txt").read_text() == report_text(found)


def test_a_measure_that_does_not_exist_is_none() -> None:
    record = report_record(FEW, Findings(evaluated(SCORES / 10, HAS_TAG)), ORIGINS)
    text = report_text(record)
    assert "precision         none" in text


def test_without_held_out_pictures_it_says_so() -> None:
    record = report_record(FEW, Findings(None), ORIGINS)
    assert record["held_out"] is None
    assert "nothing is known of its quality" in report_text(record)


@pytest.mark.parametrize("tag", ["a\nb", "\x1b[2J", "\u202ecat"])
def test_no_tag_can_steer_a_terminal(tag: str) -> None:
    first = report_text(of_few(tag)).splitlines()[0]
    assert first.isprintable()
    assert first.endswith(", ovr-svm")


def test_the_json_names_the_suspects_and_where_they_lie() -> None:
    first, second = RECORD["suspected_label_errors"]
    assert first == {
        "hash_id": "ab" * 64,
        "file_path": "/data/4.png",
        "labelled": "other",
        "tags": ["dog"],
        "score": 0.75,
    }
    assert (second["labelled"], second["file_path"]) == ("tag", "")


def test_what_is_nan_or_infinite_never_gets_into_the_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_report(tmp_path, "x", {**RECORD, "average_precision": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_no_path_can_steer_a_terminal() -> None:
    origins = Origins(
        ORIGINS.hashes, lambda: {"ab" * 64: "/data/\x1b[2J\n.png"}, lambda _: ["\x1b[2J\n"]
    )
    text = report_text(report_record(DESCRIPTION, Findings(HELD_OUT, VALIDATION, CURVE), origins))
    assert all(line.isprintable() for line in text.splitlines())


def test_where_nothing_is_to_be_named_nothing_is_looked_up() -> None:
    def look_up(*_: str) -> NoReturn:
        raise AssertionError

    assert report_record(FEW, Findings(HELD_OUT), Origins({}, look_up, look_up))


def test_a_text_of_many_suspects_stays_short() -> None:
    one = record()
    one["suspected_label_errors"] *= 50
    text = report_text(one)
    assert "suspected label errors: 50" in text
    assert text.count("labelled cat") == N_SUSPECTS_SHOWN
    assert "the others are in the JSON" in text


def test_a_threshold_that_is_reached_has_its_intervals_and_how_often_it_is() -> None:
    one = record(noise=0.5)
    line = next(x for x in report_text(one).splitlines() if "95% precision" in x)
    found = one["thresholds"]["precision_95"]
    for name in ("threshold", "precision", "recall"):
        low, high = found[f"{name}_interval"]
        assert f"({low:.3f} to {high:.3f})" in line
    assert f"{found['threshold']:.4f} (" in line
    assert line.endswith(f" {found['reached']:.0%}")


def test_where_nothing_is_cross_validated_nothing_is_said_of_it() -> None:
    text = report_text(few())
    assert "not to be relied on" in text
    assert "precision" not in text
    assert "learning curve" not in text
